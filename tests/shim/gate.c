/* Every call comes in and goes out here: faults are injected, and the log is written. */

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shim.h"

enum { SLICE_MS = 5 };

static const char *const names[] = {
    CRYPTOKI_FUNCTIONS(CRYPTOKI_NAME, CRYPTOKI_NAME, CRYPTOKI_NAME)};
static atomic_int inside;

void note(struct call *call, const char *format, ...)
{
    size_t used = strlen(call->details);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(call->details + used, sizeof call->details - used, format, arguments);
    va_end(arguments);
}

const struct rule *call_rule(const struct call *call, const char *kind)
{
    return rule_next(&call->script, NULL, kind, call->has_token ? call->token.label : NULL);
}

static bool still_asked(const char *kind, uint64_t id)
{
    struct script script;
    script_read(&script);
    for (size_t i = 0; i < script.count; i++) {
        const struct rule *rule = &script.rules[i];
        if (strcmp(rule->kind, kind) == 0 && rule_number(rule, "id", 0) == id) {
            return true;
        }
    }
    return false;
}

/* In slices, so that a test that is done frees its threads by taking the rule away. */
void nap(const char *kind, uint64_t id, unsigned long milliseconds)
{
    const struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        nanosleep(&slice, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((unsigned long)((now.tv_sec - start.tv_sec) * 1000 +
                             (now.tv_nsec - start.tv_nsec) / 1000000) < milliseconds &&
             still_asked(kind, id));
}

static void pull_out(struct call *call)
{
    struct state *state = state_lock();
    token_record(state, &call->token)->pulled =
        (uint32_t)script_number(&call->script, "plug");
    state_unlock();
    sessions_kill(&call->token, CKR_DEVICE_REMOVED);
}

/* Does what one fault wants done now; CKR_OK: it wants no answer. */
static CK_RV suffer(struct call *call, const struct fault *fault)
{
    const char *name = names[call->function];
    if (fault->abort) {
        log_event(name, "abort");
        abort();
    }
    if (fault->hang) {
        log_event(name, "hang");
        nap("fault", fault->id, CK_UNAVAILABLE);
    }
    if (fault->sleep > 0) {
        log_event(name, "sleep");
        nap("fault", fault->id, fault->sleep);
    }
    if (fault->die && call->has_token) {
        sessions_kill(&call->token, CKR_SESSION_HANDLE_INVALID);
    }
    if (fault->pull && call->has_token) {
        pull_out(call);
    }
    return fault->answer;
}

static CK_RV suffer_all(struct call *call, bool after)
{
    CK_RV answer = CKR_OK;
    for (size_t i = 0; i < call->fired_count; i++) {
        if (call->fired[i].after == after) {
            CK_RV wanted = suffer(call, &call->fired[i]);
            answer = answer != CKR_OK ? answer : wanted;
        }
    }
    return answer;
}

static bool fires(const struct rule *rule, const char *name)
{
    const char *wanted = rule_text(rule, "function");
    if (wanted == NULL || strcmp(wanted, name) != 0) {
        return false;
    }
    uint64_t met = count_fault(rule_number(rule, "id", 0));
    return met >= rule_number(rule, "from", 1) && met <= rule_number(rule, "to", CK_UNAVAILABLE);
}

static struct fault fault_of(const struct rule *rule)
{
    return (struct fault){
        .id = rule_number(rule, "id", 0),
        .after = rule_says(rule, "after"),
        .hang = rule_says(rule, "hang"),
        .abort = rule_says(rule, "abort"),
        .die = rule_says(rule, "die"),
        .pull = rule_says(rule, "pull"),
        .answer = rule_number(rule, "answer", CKR_OK),
        .sleep = rule_number(rule, "sleep", 0),
        .flip = rule_number(rule, "flip", CK_UNAVAILABLE),
        .length = rule_number(rule, "length", CK_UNAVAILABLE),
    };
}

/* Faults are copied out of the script, as the script is read again after they slept. */
static void fire(struct call *call)
{
    const char *label = call->has_token ? call->token.label : NULL;
    const struct rule *rule = NULL;
    while ((rule = rule_next(&call->script, rule, "fault", label)) != NULL) {
        if (call->fired_count < MOST_FIRED && fires(rule, names[call->function])) {
            call->fired[call->fired_count++] = fault_of(rule);
        }
    }
}

static void begin(struct call *call, enum function function)
{
    call->function = function;
    call->inside = atomic_fetch_add(&inside, 1) + 1;
    call->has_token = false;
    call->fired_count = 0;
    call->details[0] = '\0';
    script_read(&call->script);
    sessions_reap(&call->script);
}

static CK_RV meet_faults(struct call *call)
{
    fire(call);
    CK_RV answer = suffer_all(call, false);
    if (call->fired_count > 0) {
        /* It may have slept, and meanwhile the token was pulled out. */
        script_read(&call->script);
        sessions_reap(&call->script);
    }
    work_begins();
    return answer;
}

CK_RV enter(struct call *call, enum function function)
{
    begin(call, function);
    return meet_faults(call);
}

CK_RV enter_slot(struct call *call, enum function function, CK_SLOT_ID slot)
{
    begin(call, function);
    call->has_token = token_at(slot, &call->token);
    return meet_faults(call);
}

static bool find_token(struct call *call, CK_SESSION session)
{
    const struct session *open = session_lock(session);
    bool found = open != NULL;
    if (found) {
        call->token = open->token;
    }
    session_unlock();
    call->has_token = call->has_token || found;
    return found;
}

CK_RV enter_question(struct call *call, enum function function, CK_SESSION session)
{
    begin(call, function);
    work_begins();
    note(call, " session=%lu question", session);
    return find_token(call, session) ? CKR_OK : sessions_last_death();
}

CK_RV enter_session(struct call *call, enum function function, CK_SESSION session)
{
    begin(call, function);
    note(call, " session=%lu", session);
    find_token(call, session);
    CK_RV rv = meet_faults(call);
    if (rv != CKR_OK) {
        return rv;
    }
    return find_token(call, session) ? CKR_OK : sessions_last_death();
}

CK_RV leave(struct call *call, CK_RV rv)
{
    work_ends();
    CK_RV answer = suffer_all(call, true);
    rv = answer != CKR_OK ? answer : rv;
    note(call, " inside=%d", call->inside);
    log_call(names[call->function], rv, call->details);
    atomic_fetch_sub(&inside, 1);
    return rv;
}
