/* Which sessions are open, on which token, since when: so that they can die. */

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "shim.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct session sessions[MOST_SESSIONS];
static size_t used; /* no place from here on was ever taken */
/* SoftHSM frees a session that is closed, also while another thread is at work in it. */
static pthread_rwlock_t at_work = PTHREAD_RWLOCK_INITIALIZER;
/* What a handle that is not open is answered. SoftHSM never gives a handle twice. */
static _Atomic CK_RV last_death = CKR_SESSION_HANDLE_INVALID;

CK_RV sessions_last_death(void) { return atomic_load(&last_death); }

static struct session *place_of(CK_SESSION handle)
{
    for (size_t i = 0; i < used; i++) {
        if (sessions[i].handle == handle) {
            return &sessions[i];
        }
    }
    return NULL;
}

static struct session *free_place(void)
{
    struct session *place = place_of(0);
    return place == NULL && used < MOST_SESSIONS ? &sessions[used++] : place;
}

struct session *session_lock(CK_SESSION handle)
{
    pthread_mutex_lock(&mutex);
    return handle ? place_of(handle) : NULL;
}

void work_begins(void) { pthread_rwlock_rdlock(&at_work); }

void work_ends(void) { pthread_rwlock_unlock(&at_work); }

void session_unlock(void) { pthread_mutex_unlock(&mutex); }

bool session_add(CK_SESSION handle, CK_SLOT_ID slot, const struct token *token,
                 unsigned long epoch)
{
    pthread_mutex_lock(&mutex);
    struct session *place = free_place();
    if (place != NULL) {
        *place = (struct session){
            .handle = handle, .slot = slot, .epoch = epoch, .token = *token};
    }
    pthread_mutex_unlock(&mutex);
    return place != NULL;
}

void session_remove(CK_SESSION handle)
{
    struct session *session = session_lock(handle);
    if (session != NULL) {
        session->handle = 0;
    }
    session_unlock();
}

void sessions_forget(void)
{
    pthread_mutex_lock(&mutex);
    memset(sessions, 0, sizeof sessions);
    used = 0;
    pthread_mutex_unlock(&mutex);
    atomic_store(&last_death, CKR_SESSION_HANDLE_INVALID);
}

void sessions_forget_slot(CK_SLOT_ID slot)
{
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < used; i++) {
        if (real_slot(sessions[i].slot) == real_slot(slot)) {
            sessions[i].handle = 0;
        }
    }
    pthread_mutex_unlock(&mutex);
}

typedef bool dead_question(const struct session *session, const void *of, CK_RV *answer);

/* Takes one dead session out of the table; 0 when there is none. */
static CK_SESSION take_dead(dead_question *is_dead, const void *of, CK_RV *answer)
{
    CK_SESSION handle = 0;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < used && handle == 0; i++) {
        if (sessions[i].handle != 0 && is_dead(&sessions[i], of, answer)) {
            handle = sessions[i].handle;
            sessions[i].handle = 0;
        }
    }
    pthread_mutex_unlock(&mutex);
    return handle;
}

/* Closes them in SoftHSM without holding the mutex; with the last session of a token its login
 * ends too. */
static void bury(dead_question *is_dead, const void *of)
{
    CK_RV answer = CKR_SESSION_HANDLE_INVALID;
    CK_SESSION handle;
    while ((handle = take_dead(is_dead, of, &answer)) != 0) {
        atomic_store(&last_death, answer);
        pthread_rwlock_wrlock(&at_work);
        real.C_CloseSession(handle);
        pthread_rwlock_unlock(&at_work);
    }
}

static bool dead_by_script(const struct session *session, const void *of, CK_RV *answer)
{
    const struct script *script = of;
    if (token_is_out(script, &session->token)) {
        *answer = CKR_DEVICE_REMOVED;
        return true;
    }
    const struct rule *rule = NULL;
    while ((rule = rule_next(script, rule, "dead", session->token.label)) != NULL) {
        if (session->epoch < rule_number(rule, "number", 0)) {
            *answer = rule_number(rule, "answer", CKR_SESSION_HANDLE_INVALID);
            return true;
        }
    }
    return false;
}

void sessions_reap(const struct script *script) { bury(dead_by_script, script); }

struct killing { const struct token *token; CK_RV answer; };

static bool dead_with_token(const struct session *session, const void *of, CK_RV *answer)
{
    const struct killing *killing = of;
    *answer = killing->answer;
    return strcmp(session->token.serial, killing->token->serial) == 0;
}

void sessions_kill(const struct token *token, CK_RV answer)
{
    bury(dead_with_token, &(struct killing){token, answer});
}
