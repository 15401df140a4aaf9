/* PINs: a counter of tries that locks (SoftHSM has none), a PIN pad, login once a signature. */

#include <string.h>

#include "shim.h"

enum { MOST_REMEMBERED = 32 };

struct pin { CK_BYTE *text; CK_ULONG length; };

/* What the script says of the person at the PIN pad. */
struct typed { CK_RV answer; const char *text; };

/* --- the counter --------------------------------------------------------------------------- */

static uint32_t *wrong_of(struct token_record *record, bool officer)
{
    return officer ? &record->so_wrong : &record->user_wrong;
}

/* The tries that are left; CK_UNAVAILABLE where nobody counts. */
static unsigned long tries_left(const struct script *script, const struct token *token,
                                bool officer, unsigned long *wrong)
{
    const struct rule *rule = rule_next(script, NULL, "tries", token->label);
    unsigned long tries =
        rule ? rule_number(rule, officer ? "so" : "user", CK_UNAVAILABLE) : CK_UNAVAILABLE;
    *wrong = *wrong_of(token_record(state_lock(), token), officer);
    state_unlock();
    if (tries == CK_UNAVAILABLE) {
        return tries;
    }
    return tries > *wrong ? tries - *wrong : 0;
}

static CK_FLAGS flags_of(const struct script *script, const struct token *token, bool officer,
                         CK_FLAGS flags)
{
    /* The officer's flags are the user's, moved by four bits. */
    const unsigned shift = officer ? 4 : 0;
    unsigned long wrong, left = tries_left(script, token, officer, &wrong);
    if (left == CK_UNAVAILABLE) {
        return flags;
    }
    CK_FLAGS raised = wrong > 0 ? CKF_USER_PIN_COUNT_LOW : 0;
    raised |= left == 1 ? CKF_USER_PIN_FINAL_TRY : 0;
    raised |= left == 0 ? CKF_USER_PIN_LOCKED : 0;
    const CK_FLAGS all = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;
    return (flags & ~(all << shift)) | raised << shift;
}

CK_FLAGS tries_flags(const struct script *script, const struct token *token, CK_FLAGS flags)
{
    return flags_of(script, token, true, flags_of(script, token, false, flags));
}

static bool is_locked(const struct call *call, bool officer)
{
    unsigned long wrong;
    return tries_left(&call->script, &call->token, officer, &wrong) == 0;
}

static void set_wrong(const struct token *token, bool officer, bool more)
{
    uint32_t *wrong = wrong_of(token_record(state_lock(), token), officer);
    *wrong = more ? *wrong + 1 : 0;
    state_unlock();
}

/* Counts what the token made of a PIN, and says it in the log; other answers are no verdict. */
static void count_try(struct call *call, bool officer, CK_RV rv)
{
    if (rv == CKR_OK || rv == CKR_PIN_INCORRECT) {
        set_wrong(&call->token, officer, rv == CKR_PIN_INCORRECT);
        note(call, " pin=%s", rv == CKR_OK ? "right" : "wrong");
    } else {
        note(call, " pin=%s", rv == CKR_PIN_LOCKED ? "locked" : "unchecked");
    }
}

/* --- login once a signature ---------------------------------------------------------------- */

/* Checksums of the users' PINs that SoftHSM took in this process; the entries of sessions.c's
 * lock guard them, as they are used together. */
static struct { char serial[17]; uint64_t checksum; } remembered[MOST_REMEMBERED];

static uint64_t checksum_of(const struct pin *pin)
{
    return checksum_add(CHECKSUM_START, pin->text, pin->length);
}

static void remember(const struct token *token, const struct pin *pin)
{
    size_t i = 0;
    session_lock(0);
    while (i < MOST_REMEMBERED - 1 && remembered[i].serial[0] != '\0' &&
           strcmp(remembered[i].serial, token->serial) != 0) {
        i++;
    }
    memcpy(remembered[i].serial, token->serial, sizeof token->serial);
    remembered[i].checksum = checksum_of(pin);
    session_unlock();
}

/* Under the lock of the sessions. */
static bool is_remembered(const struct token *token, const struct pin *pin)
{
    for (size_t i = 0; i < MOST_REMEMBERED; i++) {
        if (remembered[i].serial[0] != '\0' &&
            strcmp(remembered[i].serial, token->serial) == 0) {
            return remembered[i].checksum == checksum_of(pin);
        }
    }
    return false;
}

/* SoftHSM knows keys that were made so; the others, which the script makes so, are known here. */
static CK_RV login_for_signature(const struct call *call, CK_SESSION handle,
                                 const struct pin *pin)
{
    struct session *session = session_lock(handle);
    CK_RV rv = CKR_OPERATION_NOT_INITIALIZED;
    if (session != NULL && session->must_authenticate) {
        bool right = is_remembered(&call->token, pin);
        session->must_authenticate = !right;
        rv = right ? CKR_OK : CKR_PIN_INCORRECT;
    }
    session_unlock();
    if (rv != CKR_OPERATION_NOT_INITIALIZED) {
        return rv;
    }
    return real.C_Login(handle, CKU_CONTEXT_SPECIFIC, pin->text, pin->length);
}

/* --- the PIN pad --------------------------------------------------------------------------- */

/* Puts what the person types in the place of the PIN; `key` says which of the PINs. Without a PIN
 * pad it is the PIN that was given. */
static CK_RV type_pin(const struct call *call, const char *key, struct pin *pin)
{
    const struct rule *pad = call_rule(call, "pin_pad");
    if (pad == NULL) {
        return CKR_OK;
    }
    if (pin->text != NULL) {
        return CKR_ARGUMENTS_BAD;
    }
    if (rule_says(pad, "delay")) {
        nap("pin_pad", rule_number(pad, "id", 0), rule_number(pad, "delay", 0));
    }
    const char *text = rule_text(pad, key);
    if (text == NULL || rule_says(pad, "cancel")) {
        return CKR_FUNCTION_CANCELED;
    }
    /* Modules only read PINs, though their type does not say so. */
    *pin = (struct pin){.text = (CK_BYTE *)text, .length = strlen(text)};
    return CKR_OK;
}

/* --- the functions ------------------------------------------------------------------------- */

static CK_RV login(struct call *call, CK_SESSION session, CK_USER user, struct pin *pin)
{
    const bool officer = user == CKU_SO;
    CK_RV rv = is_locked(call, officer) ? CKR_PIN_LOCKED : CKR_OK;
    rv = rv == CKR_OK ? type_pin(call, officer ? "so" : "user", pin) : rv;
    if (rv == CKR_OK) {
        rv = user == CKU_CONTEXT_SPECIFIC
                 ? login_for_signature(call, session, pin)
                 : real.C_Login(session, user, pin->text, pin->length);
    }
    count_try(call, officer, rv);
    if (rv == CKR_OK && user == CKU_USER) {
        remember(&call->token, pin);
    }
    return rv;
}

CK_RV own_Login(CK_SESSION session, CK_USER user, CK_BYTE *text, CK_ULONG length)
{
    struct call call;
    struct pin pin = {text, length};
    CK_RV rv = enter_session(&call, FN_Login, session);
    note(&call, " user=%lu", user);
    if (rv == CKR_OK) {
        rv = login(&call, session, user, &pin);
    }
    return leave(&call, rv);
}

CK_RV own_InitPIN(CK_SESSION session, CK_BYTE *text, CK_ULONG length)
{
    struct call call;
    struct pin pin = {text, length};
    CK_RV rv = enter_session(&call, FN_InitPIN, session);
    rv = rv == CKR_OK ? type_pin(&call, "fresh", &pin) : rv;
    rv = rv == CKR_OK ? real.C_InitPIN(session, pin.text, pin.length) : rv;
    if (rv == CKR_OK) {
        set_wrong(&call.token, false, false);
    }
    return leave(&call, rv);
}

/* Whose PIN C_SetPIN changes: the officer's when the officer is logged in, else the user's. */
static bool officer_is_in(CK_SESSION session)
{
    CK_SESSION_INFO info;
    return real.C_GetSessionInfo(session, &info) == CKR_OK && info.state == CKS_RW_SO_FUNCTIONS;
}

static CK_RV change_pin(struct call *call, CK_SESSION session, struct pin *old, struct pin *fresh)
{
    const bool officer = officer_is_in(session);
    CK_RV rv = is_locked(call, officer) ? CKR_PIN_LOCKED : CKR_OK;
    rv = rv == CKR_OK ? type_pin(call, officer ? "so" : "user", old) : rv;
    rv = rv == CKR_OK ? type_pin(call, "fresh", fresh) : rv;
    if (rv == CKR_OK) {
        rv = real.C_SetPIN(session, old->text, old->length, fresh->text, fresh->length);
    }
    note(call, " user=%d", officer ? CKU_SO : CKU_USER);
    count_try(call, officer, rv);
    if (rv == CKR_OK && !officer) {
        remember(&call->token, fresh);
    }
    return rv;
}

CK_RV own_SetPIN(CK_SESSION session, CK_BYTE *old_text, CK_ULONG old_length, CK_BYTE *fresh_text,
                 CK_ULONG fresh_length)
{
    struct call call;
    struct pin old = {old_text, old_length}, fresh = {fresh_text, fresh_length};
    CK_RV rv = enter_session(&call, FN_SetPIN, session);
    if (rv == CKR_OK) {
        rv = change_pin(&call, session, &old, &fresh);
    }
    return leave(&call, rv);
}

static CK_RV init_token(struct call *call, CK_SLOT_ID slot, struct pin *pin, CK_BYTE *label)
{
    if (call->has_token && token_is_out(&call->script, &call->token)) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    CK_RV rv = is_locked(call, true) ? CKR_PIN_LOCKED : CKR_OK;
    rv = rv == CKR_OK ? type_pin(call, "so", pin) : rv;
    rv = rv == CKR_OK ? real.C_InitToken(real_slot(slot), pin->text, pin->length, label) : rv;
    note(call, " user=%d", CKU_SO);
    count_try(call, true, rv);
    if (rv == CKR_OK) {
        set_wrong(&call->token, false, false);
    }
    return rv;
}

CK_RV own_InitToken(CK_SLOT_ID slot, CK_BYTE *text, CK_ULONG length, CK_BYTE *label)
{
    struct call call;
    struct pin pin = {text, length};
    CK_RV rv = enter_slot(&call, FN_InitToken, slot);
    if (rv == CKR_OK) {
        rv = init_token(&call, slot, &pin, label);
    }
    return leave(&call, rv);
}
