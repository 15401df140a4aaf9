/* A PKCS#11 module for tests: it stands before another one (SoftHSM), hands everything through,
 * and injects the faults that a script asks for (script.h). Its configuration lies beside it under
 * its own name, so that one process can load several under several names. */

/* dladdr is not of POSIX. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"

CK_FUNCTION_LIST real;

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static char own_path[PATH_BYTES];
static atomic_bool initialized;

#define PLAIN_WRAPPER(name, parameters, arguments) \
    static CK_RV plain_##name parameters \
    { \
        struct call call; \
        CK_RV rv = enter(&call, FN_##name); \
        return leave(&call, rv != CKR_OK ? rv : real.C_##name arguments); \
    }
#define SESSION_WRAPPER(name, parameters, arguments) \
    static CK_RV plain_##name parameters \
    { \
        struct call call; \
        CK_RV rv = enter_session(&call, FN_##name, session); \
        return leave(&call, rv != CKR_OK ? rv : real.C_##name arguments); \
    }
CRYPTOKI_FUNCTIONS(CRYPTOKI_NOTHING, SESSION_WRAPPER, PLAIN_WRAPPER)

#define OWN_ENTRY(name, parameters, arguments) .C_##name = own_##name,
#define PLAIN_ENTRY(name, parameters, arguments) .C_##name = plain_##name,
static CK_FUNCTION_LIST wrapped = {
    .version = {2, 40}, CRYPTOKI_FUNCTIONS(OWN_ENTRY, PLAIN_ENTRY, PLAIN_ENTRY)};

/* The shim is never unloaded: a thread may be sleeping in it when the caller lets go. */
static bool find_own_path(void)
{
    Dl_info info;
    char *path = dladdr(&wrapped, &info) ? realpath(info.dli_fname, NULL) : NULL;
    if (path == NULL || dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE) == NULL) {
        free(path);
        return false;
    }
    snprintf(own_path, sizeof own_path, "%s", path);
    free(path);
    return true;
}

static bool load_real(void)
{
    CK_FUNCTION_LIST *list = NULL;
    void *library = dlopen(conf_now()->module, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;
    if (symbol == NULL) {
        fprintf(stderr, "antin_shim: %s\n", dlerror());
        return false;
    }
    CK_RV (*get_list)(CK_FUNCTION_LIST **);
    memcpy(&get_list, &symbol, sizeof get_list); /* ISO C has no cast between the two */
    if (get_list(&list) != CKR_OK) {
        return false;
    }
    real = *list;
    return true;
}

static bool load(void)
{
    pthread_mutex_lock(&loading);
    bool ready = real.C_Initialize != NULL ||
                 (find_own_path() && conf_load(own_path) && state_open() && load_real());
    pthread_mutex_unlock(&loading);
    return ready;
}

CK_RV own_GetFunctionList(void *list)
{
    if (list == NULL) {
        return CKR_ARGUMENTS_BAD;
    }
    *(CK_FUNCTION_LIST **)list = &wrapped;
    return CKR_OK;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(void *list)
{
    return load() ? own_GetFunctionList(list) : CKR_GENERAL_ERROR;
}

/* SoftHSM reads the variable here and never again; the process may have a SoftHSM of its own. */
static CK_RV initialize_real(void *arguments)
{
    const char *name = "SOFTHSM2_CONF", *value = getenv(name);
    char *before = value ? strdup(value) : NULL;
    setenv(name, conf_now()->softhsm2_conf, 1);
    CK_RV rv = real.C_Initialize(arguments);
    if (before != NULL) {
        setenv(name, before, 1);
    } else {
        unsetenv(name);
    }
    free(before);
    return rv;
}

/* The configuration is read again, so that the next test has other files. */
CK_RV own_Initialize(void *arguments)
{
    struct call call;
    if (!atomic_load(&initialized) && !(conf_load(own_path) && state_open())) {
        return CKR_GENERAL_ERROR;
    }
    CK_RV rv = enter(&call, FN_Initialize);
    if (rv == CKR_OK) {
        rv = initialize_real(arguments);
    }
    if (rv == CKR_OK) {
        sessions_forget();
        atomic_store(&initialized, true);
    }
    return leave(&call, rv);
}

CK_RV own_Finalize(void *reserved)
{
    struct call call;
    CK_RV rv = enter(&call, FN_Finalize);
    if (rv == CKR_OK) {
        rv = real.C_Finalize(reserved);
    }
    if (rv == CKR_OK) {
        sessions_forget();
        atomic_store(&initialized, false);
    }
    return leave(&call, rv);
}
