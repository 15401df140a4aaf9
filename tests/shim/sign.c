/* Signatures: refused mechanisms, keys that want a login each time, spoilt signatures. */

#include <string.h>

#include "shim.h"

enum { DUMMY_BYTES = 1024 };

/* FNV-1a, 64 bits: enough to see in the log that the same data was signed twice. */
uint64_t checksum_add(uint64_t checksum, const CK_BYTE *data, CK_ULONG length)
{
    for (CK_ULONG i = 0; data != NULL && i < length; i++) {
        checksum = (checksum ^ data[i]) * 0x100000001b3ULL;
    }
    return checksum;
}

static void begin_signature(const struct call *call, CK_SESSION handle, CK_OBJECT key)
{
    bool must = call_rule(call, "always_authenticate") != NULL &&
                object_class(handle, key) == CKO_PRIVATE_KEY;
    struct session *session = session_lock(handle);
    if (session != NULL) {
        session->must_authenticate = must;
        session->checksum = CHECKSUM_START;
        session->length = 0;
    }
    session_unlock();
}

CK_RV own_SignInit(CK_SESSION session, CK_MECHANISM *mechanism, CK_OBJECT key)
{
    struct call call;
    CK_RV rv = enter_session(&call, FN_SignInit, session);
    if (mechanism != NULL) {
        note(&call, " mechanism=0x%lX", mechanism->mechanism);
    }
    if (rv == CKR_OK && mechanism_lacks(&call, mechanism)) {
        rv = CKR_MECHANISM_INVALID;
    }
    if (rv == CKR_OK) {
        rv = real.C_SignInit(session, mechanism, key);
    }
    if (rv == CKR_OK) {
        begin_signature(&call, session, key);
    }
    return leave(&call, rv);
}

/* Any error ends a signature that was begun (PKCS #11 §5.13), so it must end in SoftHSM too when
 * the error is ours. There is no call for that: one part and then a whole is a mistake that ends
 * it without a signature, whatever the mechanism. */
static void end_in_softhsm(CK_SESSION session)
{
    CK_BYTE dummy[DUMMY_BYTES] = {0};
    CK_ULONG length = sizeof dummy;
    if (real.C_SignUpdate(session, dummy, 1) == CKR_OK) {
        real.C_Sign(session, dummy, 1, dummy, &length);
    }
}

/* Adds data to what is being signed; false when the key still wants its login. */
static bool take_data(CK_SESSION handle, const CK_BYTE *data, CK_ULONG length)
{
    struct session *session = session_lock(handle);
    bool allowed = session == NULL || !session->must_authenticate;
    if (session != NULL) {
        session->checksum = checksum_add(session->checksum, data, length);
        session->length += length;
    }
    session_unlock();
    return allowed;
}

static void note_signature(struct call *call, CK_SESSION handle)
{
    const struct session *session = session_lock(handle);
    if (session != NULL) {
        note(call, " made data=%016llx length=%lu", (unsigned long long)session->checksum,
             session->length);
    }
    session_unlock();
}

static void spoil(const struct call *call, CK_BYTE *signature, CK_ULONG *length)
{
    for (size_t i = 0; i < call->fired_count; i++) {
        const struct fault *fault = &call->fired[i];
        if (fault->flip != CK_UNAVAILABLE && fault->flip / 8 < *length) {
            signature[fault->flip / 8] ^= (CK_BYTE)(1 << fault->flip % 8);
        }
        if (fault->length != CK_UNAVAILABLE) {
            *length = fault->length; /* said, not written: it may be more than there is room for */
        }
    }
}

/* The end of C_Sign and C_SignFinal. A signature that is not given out leaves no trace with the
 * caller. */
static CK_RV hand_over(struct call *call, CK_SESSION session, CK_RV rv, CK_BYTE *signature,
                       CK_ULONG *length)
{
    const bool made = rv == CKR_OK;
    const CK_ULONG written = *length;
    if (made) {
        note_signature(call, session);
        spoil(call, signature, length);
    }
    rv = leave(call, rv);
    if (made && rv != CKR_OK) {
        memset(signature, 0, written);
    }
    return rv;
}

CK_RV own_Sign(CK_SESSION session, CK_BYTE *in, CK_ULONG in_length, CK_BYTE *out,
               CK_ULONG *out_length)
{
    struct call call;
    if (out == NULL || out_length == NULL) {
        CK_RV rv = enter_question(&call, FN_Sign, session);
        return leave(&call, rv ? rv : real.C_Sign(session, in, in_length, out, out_length));
    }
    CK_RV rv = enter_session(&call, FN_Sign, session);
    if (rv == CKR_OK && !take_data(session, in, in_length)) {
        rv = CKR_USER_NOT_LOGGED_IN;
    }
    if (rv != CKR_OK) {
        end_in_softhsm(session);
        return leave(&call, rv);
    }
    rv = real.C_Sign(session, in, in_length, out, out_length);
    return hand_over(&call, session, rv, out, out_length);
}

CK_RV own_SignUpdate(CK_SESSION session, CK_BYTE *in, CK_ULONG length)
{
    struct call call;
    CK_RV rv = enter_session(&call, FN_SignUpdate, session);
    if (rv == CKR_OK && !take_data(session, in, length)) {
        rv = CKR_USER_NOT_LOGGED_IN;
    }
    if (rv == CKR_OK) {
        rv = real.C_SignUpdate(session, in, length);
    } else {
        end_in_softhsm(session);
    }
    return leave(&call, rv);
}

CK_RV own_SignFinal(CK_SESSION session, CK_BYTE *out, CK_ULONG *out_length)
{
    struct call call;
    if (out == NULL || out_length == NULL) {
        CK_RV rv = enter_question(&call, FN_SignFinal, session);
        return leave(&call, rv ? rv : real.C_SignFinal(session, out, out_length));
    }
    CK_RV rv = enter_session(&call, FN_SignFinal, session);
    if (rv == CKR_OK && !take_data(session, NULL, 0)) {
        rv = CKR_USER_NOT_LOGGED_IN;
    }
    if (rv != CKR_OK) {
        end_in_softhsm(session);
        return leave(&call, rv);
    }
    rv = real.C_SignFinal(session, out, out_length);
    return hand_over(&call, session, rv, out, out_length);
}

CK_RV own_GenerateKeyPair(CK_SESSION session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_part,
                          CK_ULONG public_count, CK_ATTRIBUTE *private_part,
                          CK_ULONG private_count, CK_OBJECT *public_key, CK_OBJECT *private_key)
{
    struct call call;
    CK_RV rv = enter_session(&call, FN_GenerateKeyPair, session);
    if (rv == CKR_OK && mechanism_lacks(&call, mechanism)) {
        rv = CKR_MECHANISM_INVALID;
    }
    if (rv == CKR_OK) {
        rv = real.C_GenerateKeyPair(session, mechanism, public_part, public_count, private_part,
                                    private_count, public_key, private_key);
    }
    return leave(&call, rv);
}
