/* The parts of the shim as they see each other. A wrapper looks like this:
 *
 *     struct call call;
 *     CK_RV rv = enter_session(&call, FN_…, session);      faults before, dead sessions
 *     if (rv == CKR_OK) rv = real.C_…(session, …);
 *     return leave(&call, rv);                              faults after, the log */

#ifndef SHIM_H
#define SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cryptoki.h"
#include "script.h"
#include "state.h"

/* Above the slot numbers of SoftHSM, which have 31 bits. */
#define MIRROR_SLOT 0x80000000UL

enum { MOST_SESSIONS = 4096, MOST_FIRED = 8, MOST_SOUGHT = 16 };

extern CK_FUNCTION_LIST real; /* SoftHSM's functions */

/* --- sessions.c ---------------------------------------------------------------------------- */

struct session {
    CK_SESSION handle; /* 0: the place is free */
    CK_SLOT_ID slot;   /* as the caller knows it: may be a mirror */
    unsigned long epoch;
    struct token token;
    bool must_authenticate; /* the signature that was begun wants C_Login first */
    uint64_t checksum;      /* of what was given to C_SignUpdate … */
    CK_ULONG length;
    CK_ULONG sought_count; /* attributes of the search that was begun */
    CK_ATTRIBUTE_TYPE sought[MOST_SOUGHT];
};

bool session_add(CK_SESSION handle, CK_SLOT_ID slot, const struct token *token,
                 unsigned long epoch);
void session_remove(CK_SESSION handle);
void sessions_forget(void);
void sessions_forget_slot(CK_SLOT_ID slot);

/* The session's entry, or NULL; in both cases nobody else changes entries until the unlock. */
struct session *session_lock(CK_SESSION handle);
void session_unlock(void);

/* Around what SoftHSM is asked: no session is killed meanwhile. */
void work_begins(void);
void work_ends(void);

/* Closes those that the script, a token pulled out, or a fault has killed. */
void sessions_reap(const struct script *script);
void sessions_kill(const struct token *token, CK_RV answer);
CK_RV sessions_last_death(void);

/* --- gate.c -------------------------------------------------------------------------------- */

struct fault {
    uint64_t id;
    bool after, hang, abort, die, pull;
    CK_RV answer;
    unsigned long sleep, flip, length; /* CK_UNAVAILABLE: not asked for */
};

struct call {
    enum function function;
    int inside; /* calls in the shim at this moment, with this one */
    struct token token;
    bool has_token;
    struct script script;
    size_t fired_count;
    struct fault fired[MOST_FIRED];
    char details[256]; /* for the log */
};

CK_RV enter(struct call *call, enum function function);
CK_RV enter_slot(struct call *call, enum function function, CK_SLOT_ID slot);
CK_RV enter_session(struct call *call, enum function function, CK_SESSION session);
/* A question how long the answer will be: met by no fault, as no work is done. */
CK_RV enter_question(struct call *call, enum function function, CK_SESSION session);
CK_RV leave(struct call *call, CK_RV rv);
void note(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first rule of the kind for the token of the call. */
const struct rule *call_rule(const struct call *call, const char *kind);
/* Waits, at most until a rule with this id has gone from the script. */
void nap(const char *kind, uint64_t id, unsigned long milliseconds);

/* --- slots.c, login.c, objects.c, sign.c --------------------------------------------------- */

CK_SLOT_ID real_slot(CK_SLOT_ID slot);
bool token_at(CK_SLOT_ID slot, struct token *token);
bool token_is_out(const struct script *script, const struct token *token);
bool mechanism_lacks(const struct call *call, const CK_MECHANISM *mechanism);
CK_FLAGS tries_flags(const struct script *script, const struct token *token, CK_FLAGS flags);
CK_ULONG object_class(CK_SESSION session, CK_OBJECT object);

#define CHECKSUM_START 0xcbf29ce484222325ULL
uint64_t checksum_add(uint64_t checksum, const CK_BYTE *data, CK_ULONG length);

#endif
