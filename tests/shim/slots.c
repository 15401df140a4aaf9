/* Readers and tokens as the script wants them seen: pulled out, mirrored, renamed, lacking. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"

CK_SLOT_ID real_slot(CK_SLOT_ID slot) { return slot & ~MIRROR_SLOT; }

/* Cryptoki pads with blanks; here it is zeros, and one at the end. */
static void trim(char *to, const CK_BYTE *from, size_t length)
{
    memcpy(to, from, length);
    to[length] = '\0';
    while (length > 0 && (to[length - 1] == ' ' || to[length - 1] == '\0')) {
        to[--length] = '\0';
    }
}

static void pad(CK_BYTE *to, size_t length, const char *text)
{
    size_t given = text ? strlen(text) : 0;
    if (text != NULL) {
        memset(to, ' ', length);
        memcpy(to, text, given < length ? given : length);
    }
}

bool token_at(CK_SLOT_ID slot, struct token *token)
{
    CK_TOKEN_INFO info;
    if (real.C_GetTokenInfo(real_slot(slot), &info) != CKR_OK) {
        return false;
    }
    trim(token->label, info.label, sizeof info.label);
    trim(token->serial, info.serial, sizeof info.serial);
    return true;
}

bool token_is_out(const struct script *script, const struct token *token)
{
    if (rule_next(script, NULL, "absent", token->label) != NULL) {
        return true;
    }
    unsigned long plug = script_number(script, "plug");
    uint32_t pulled = token_record(state_lock(), token)->pulled;
    state_unlock();
    return pulled != 0 && pulled == plug;
}

static bool is_out(const struct call *call)
{
    return call->has_token && token_is_out(&call->script, &call->token);
}

/* Lists answer a question (`to` is NULL), a buffer that is too small, or one that is not. */
static CK_RV give_list(const CK_ULONG *from, CK_ULONG length, CK_ULONG *to, CK_ULONG *count)
{
    CK_ULONG room = *count;
    *count = length;
    if (to == NULL) {
        return CKR_OK;
    }
    if (room < length) {
        return CKR_BUFFER_TOO_SMALL;
    }
    memcpy(to, from, length * sizeof *to);
    return CKR_OK;
}

/* Puts the slots that are seen into `to`, which has room for twice `count`; their number. */
static CK_ULONG seen_slots(const struct script *script, bool present, const CK_SLOT_ID *slots,
                           CK_ULONG count, CK_SLOT_ID *to)
{
    CK_ULONG seen = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        struct token token;
        bool known = token_at(slots[i], &token);
        const struct rule *absent =
            known ? rule_next(script, NULL, "absent", token.label) : NULL;
        bool gone = absent != NULL && rule_says(absent, "slot");
        if (gone || (present && known && token_is_out(script, &token))) {
            continue;
        }
        to[seen++] = slots[i];
        if (known && rule_next(script, NULL, "mirror", token.label) != NULL) {
            to[seen++] = slots[i] | MIRROR_SLOT;
        }
    }
    return seen;
}

static CK_RV list_slots(const struct script *script, CK_BBOOL present, CK_SLOT_ID *slots,
                        CK_ULONG *count)
{
    CK_ULONG length = 0;
    CK_RV rv = count ? real.C_GetSlotList(present, NULL, &length) : CKR_ARGUMENTS_BAD;
    if (rv != CKR_OK) {
        return rv;
    }
    CK_SLOT_ID *all = calloc(length * 3 + 1, sizeof *all);
    if (all == NULL) {
        return CKR_HOST_MEMORY;
    }
    rv = real.C_GetSlotList(present, all, &length);
    if (rv == CKR_OK) {
        CK_ULONG seen = seen_slots(script, present != 0, all, length, all + length);
        rv = give_list(all + length, seen, slots, count);
    }
    free(all);
    return rv;
}

CK_RV own_GetSlotList(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    struct call call;
    CK_RV rv = enter(&call, FN_GetSlotList);
    if (rv == CKR_OK) {
        rv = list_slots(&call.script, present, slots, count);
    }
    return leave(&call, rv);
}

static CK_FLAGS forced(const struct rule *rule, CK_FLAGS flags)
{
    if (rule == NULL) {
        return flags;
    }
    return (flags | rule_number(rule, "set", 0)) & ~rule_number(rule, "clear", 0);
}

CK_RV own_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    struct call call;
    CK_RV rv = enter_slot(&call, FN_GetSlotInfo, slot);
    if (rv == CKR_OK) {
        rv = real.C_GetSlotInfo(real_slot(slot), info);
    }
    if (rv == CKR_OK) {
        const struct rule *present = call_rule(&call, "present");
        if (present != NULL) {
            pad(info->description, sizeof info->description, rule_text(present, "description"));
        }
        info->flags &= is_out(&call) ? ~(CK_FLAGS)CKF_TOKEN_PRESENT : ~0UL;
        info->flags = forced(call_rule(&call, "slot_flags"), info->flags);
    }
    return leave(&call, rv);
}

static void present_token(const struct rule *rule, CK_TOKEN_INFO *info)
{
    pad(info->label, sizeof info->label, rule_text(rule, "label"));
    pad(info->serial, sizeof info->serial, rule_text(rule, "serial"));
    pad(info->model, sizeof info->model, rule_text(rule, "model"));
    pad(info->manufacturer, sizeof info->manufacturer, rule_text(rule, "manufacturer"));
    info->min_pin = rule_number(rule, "min_pin", info->min_pin);
    info->max_pin = rule_number(rule, "max_pin", info->max_pin);
}

static CK_FLAGS seen_flags(const struct call *call, CK_FLAGS flags)
{
    flags = tries_flags(&call->script, &call->token, flags);
    if (call_rule(call, "pin_pad") != NULL) {
        flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
    }
    return forced(call_rule(call, "flags"), flags);
}

CK_RV own_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    struct call call;
    CK_RV rv = enter_slot(&call, FN_GetTokenInfo, slot);
    if (rv == CKR_OK) {
        rv = is_out(&call) ? CKR_TOKEN_NOT_PRESENT : real.C_GetTokenInfo(real_slot(slot), info);
    }
    if (rv == CKR_OK && call.has_token) {
        const struct rule *present = call_rule(&call, "present");
        if (present != NULL) {
            present_token(present, info);
        }
        info->flags = seen_flags(&call, info->flags);
    }
    return leave(&call, rv);
}

static const struct rule *about_mechanism(const struct call *call, const char *kind,
                                          CK_MECHANISM_TYPE type)
{
    const struct rule *rule = NULL;
    const char *label = call->has_token ? call->token.label : NULL;
    while ((rule = rule_next(&call->script, rule, kind, label)) != NULL &&
           rule_number(rule, "mechanism", CK_UNAVAILABLE) != type) {
    }
    return rule;
}

bool mechanism_lacks(const struct call *call, const CK_MECHANISM *mechanism)
{
    return mechanism != NULL && about_mechanism(call, "lack", mechanism->mechanism) != NULL;
}

static CK_RV list_mechanisms(const struct call *call, CK_SLOT_ID slot, CK_MECHANISM_TYPE *types,
                             CK_ULONG *count)
{
    CK_ULONG length = 0, seen = 0;
    CK_RV rv = count ? real.C_GetMechanismList(slot, NULL, &length) : CKR_ARGUMENTS_BAD;
    if (rv != CKR_OK) {
        return rv;
    }
    CK_MECHANISM_TYPE *all = calloc(length + MOST_RULES, sizeof *all);
    if (all == NULL) {
        return CKR_HOST_MEMORY;
    }
    rv = real.C_GetMechanismList(slot, all, &length);
    for (CK_ULONG i = 0; i < length; i++) {
        if (about_mechanism(call, "lack", all[i]) == NULL) {
            all[seen++] = all[i];
        }
    }
    const struct rule *rule = NULL;
    while ((rule = rule_next(&call->script, rule, "claim", call->token.label)) != NULL) {
        all[seen++] = rule_number(rule, "mechanism", 0);
    }
    rv = rv == CKR_OK ? give_list(all, seen, types, count) : rv;
    free(all);
    return rv;
}

CK_RV own_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *types, CK_ULONG *count)
{
    struct call call;
    CK_RV rv = enter_slot(&call, FN_GetMechanismList, slot);
    if (rv == CKR_OK && is_out(&call)) {
        rv = CKR_TOKEN_NOT_PRESENT;
    } else if (rv == CKR_OK) {
        rv = call.has_token ? list_mechanisms(&call, real_slot(slot), types, count)
                            : CKR_SLOT_ID_INVALID;
    }
    return leave(&call, rv);
}

static CK_RV mechanism_info(const struct call *call, CK_SLOT_ID slot, CK_MECHANISM_TYPE type,
                            CK_MECHANISM_INFO *info)
{
    if (is_out(call)) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    if (about_mechanism(call, "lack", type) != NULL) {
        return CKR_MECHANISM_INVALID;
    }
    const struct rule *claim = about_mechanism(call, "claim", type);
    if (claim == NULL || info == NULL) {
        return real.C_GetMechanismInfo(slot, type, info);
    }
    *info = (CK_MECHANISM_INFO){.min_key = rule_number(claim, "min", 0),
                                .max_key = rule_number(claim, "max", 0),
                                .flags = rule_number(claim, "flags", CKF_SIGN)};
    return CKR_OK;
}

CK_RV own_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    struct call call;
    CK_RV rv = enter_slot(&call, FN_GetMechanismInfo, slot);
    if (rv == CKR_OK) {
        rv = mechanism_info(&call, real_slot(slot), type, info);
    }
    return leave(&call, rv);
}

static CK_RV may_open(const struct call *call, CK_FLAGS flags)
{
    if (is_out(call)) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    bool protected = (forced(call_rule(call, "flags"), 0) & CKF_WRITE_PROTECTED) != 0;
    return protected && (flags & CKF_RW_SESSION) ? CKR_TOKEN_WRITE_PROTECTED : CKR_OK;
}

CK_RV own_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application, void *notify,
                      CK_SESSION *session)
{
    struct call call;
    CK_RV rv = enter_slot(&call, FN_OpenSession, slot);
    rv = rv == CKR_OK ? may_open(&call, flags) : rv;
    if (rv != CKR_OK) {
        return leave(&call, rv);
    }
    rv = real.C_OpenSession(real_slot(slot), flags, application, notify, session);
    bool opened = rv == CKR_OK;
    if (opened && !session_add(*session, slot, &call.token, script_number(&call.script, "epoch"))) {
        rv = CKR_SESSION_COUNT;
    }
    if (opened) {
        note(&call, " session=%lu", *session);
    }
    rv = leave(&call, rv);
    if (opened && rv != CKR_OK) { /* the caller has no handle to close */
        session_remove(*session);
        real.C_CloseSession(*session);
    }
    return rv;
}

CK_RV own_CloseSession(CK_SESSION session)
{
    struct call call;
    CK_RV rv = enter_session(&call, FN_CloseSession, session);
    if (rv == CKR_OK) {
        session_remove(session);
        rv = real.C_CloseSession(session);
    }
    return leave(&call, rv);
}

CK_RV own_CloseAllSessions(CK_SLOT_ID slot)
{
    struct call call;
    CK_RV rv = enter_slot(&call, FN_CloseAllSessions, slot);
    if (rv == CKR_OK) {
        sessions_forget_slot(slot);
        rv = real.C_CloseAllSessions(real_slot(slot));
    }
    return leave(&call, rv);
}

CK_RV own_GetSessionInfo(CK_SESSION session, CK_SESSION_INFO *info)
{
    struct call call;
    CK_RV rv = enter_session(&call, FN_GetSessionInfo, session);
    if (rv == CKR_OK) {
        rv = real.C_GetSessionInfo(session, info);
    }
    if (rv == CKR_OK) {
        const struct session *open = session_lock(session);
        info->slot = open ? open->slot : info->slot;
        session_unlock();
    }
    return leave(&call, rv);
}
