/* The part of Cryptoki that the shim needs, written from the standard (PKCS #11 v3.0, and its
 * function list of v2.40, which every module still gives): types, a few constants, and one table of
 * all functions, from which the function list, the names and the plain wrappers are made.
 *
 * Structures are laid out as the compiler does it, which is what the standard says everywhere but
 * on Windows. */

#ifndef CRYPTOKI_H
#define CRYPTOKI_H

typedef unsigned char CK_BYTE;
typedef unsigned char CK_BBOOL;
typedef unsigned long CK_ULONG;
typedef CK_ULONG CK_RV;
typedef CK_ULONG CK_FLAGS;
typedef CK_ULONG CK_SLOT_ID;
typedef CK_ULONG CK_SESSION;
typedef CK_ULONG CK_OBJECT;
typedef CK_ULONG CK_USER;
typedef CK_ULONG CK_MECHANISM_TYPE;
typedef CK_ULONG CK_ATTRIBUTE_TYPE;

typedef struct { CK_BYTE major, minor; } CK_VERSION;

typedef struct {
    CK_BYTE description[64], manufacturer[32];
    CK_FLAGS flags;
    CK_VERSION hardware, firmware;
} CK_SLOT_INFO;

typedef struct {
    CK_BYTE label[32], manufacturer[32], model[16], serial[16];
    CK_FLAGS flags;
    CK_ULONG max_sessions, sessions, max_rw_sessions, rw_sessions;
    CK_ULONG max_pin, min_pin;
    CK_ULONG public_memory, free_public_memory, private_memory, free_private_memory;
    CK_VERSION hardware, firmware;
    CK_BYTE time[16];
} CK_TOKEN_INFO;

typedef struct {
    CK_SLOT_ID slot;
    CK_ULONG state;
    CK_FLAGS flags;
    CK_ULONG device_error;
} CK_SESSION_INFO;

typedef struct { CK_ULONG min_key, max_key; CK_FLAGS flags; } CK_MECHANISM_INFO;
typedef struct { CK_MECHANISM_TYPE mechanism; void *parameter; CK_ULONG length; } CK_MECHANISM;
typedef struct { CK_ATTRIBUTE_TYPE type; void *value; CK_ULONG length; } CK_ATTRIBUTE;

#define CK_UNAVAILABLE (~0UL)

enum {
    CKR_OK = 0x00,
    CKR_HOST_MEMORY = 0x02,
    CKR_SLOT_ID_INVALID = 0x03,
    CKR_GENERAL_ERROR = 0x05,
    CKR_ARGUMENTS_BAD = 0x07,
    CKR_ATTRIBUTE_TYPE_INVALID = 0x12,
    CKR_DEVICE_REMOVED = 0x32,
    CKR_FUNCTION_CANCELED = 0x50,
    CKR_MECHANISM_INVALID = 0x70,
    CKR_OPERATION_NOT_INITIALIZED = 0x91,
    CKR_PIN_INCORRECT = 0xA0,
    CKR_PIN_LOCKED = 0xA4,
    CKR_SESSION_COUNT = 0xB1,
    CKR_SESSION_HANDLE_INVALID = 0xB3,
    CKR_TOKEN_NOT_PRESENT = 0xE0,
    CKR_TOKEN_WRITE_PROTECTED = 0xE2,
    CKR_USER_NOT_LOGGED_IN = 0x101,
    CKR_BUFFER_TOO_SMALL = 0x150,

    CKU_SO = 0,
    CKU_USER = 1,
    CKU_CONTEXT_SPECIFIC = 2,
    CKS_RW_SO_FUNCTIONS = 4,

    CKF_RW_SESSION = 0x02,
    CKF_TOKEN_PRESENT = 0x01,
    CKF_WRITE_PROTECTED = 0x02,
    CKF_PROTECTED_AUTHENTICATION_PATH = 0x100,
    CKF_USER_PIN_COUNT_LOW = 0x10000,
    CKF_USER_PIN_FINAL_TRY = 0x20000,
    CKF_USER_PIN_LOCKED = 0x40000,
    CKF_SO_PIN_COUNT_LOW = 0x100000,
    CKF_SO_PIN_FINAL_TRY = 0x200000,
    CKF_SO_PIN_LOCKED = 0x400000,
    CKF_SIGN = 0x800,

    CKA_CLASS = 0x00,
    CKA_ALWAYS_AUTHENTICATE = 0x202,
    CKO_PRIVATE_KEY = 3,
};

/* Every function in the order of the function list.
 *   OWN      the shim has a wrapper of its own for it, `own_…`
 *   SESSION  wrapped alike: first argument is a session; faults can be injected, it is logged
 *   PLAIN    wrapped alike, without a session
 * Each entry: name, parameters, arguments. */
#define CRYPTOKI_FUNCTIONS(OWN, SESSION, PLAIN) \
    OWN(Initialize, (void *arguments), (arguments)) \
    OWN(Finalize, (void *reserved), (reserved)) \
    PLAIN(GetInfo, (void *info), (info)) \
    OWN(GetFunctionList, (void *list), (list)) \
    OWN(GetSlotList, (CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count), \
        (present, slots, count)) \
    OWN(GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *info), (slot, info)) \
    OWN(GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO *info), (slot, info)) \
    OWN(GetMechanismList, (CK_SLOT_ID slot, CK_MECHANISM_TYPE *mechanisms, CK_ULONG *count), \
        (slot, mechanisms, count)) \
    OWN(GetMechanismInfo, (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info), \
        (slot, type, info)) \
    OWN(InitToken, (CK_SLOT_ID slot, CK_BYTE *pin, CK_ULONG length, CK_BYTE *label), \
        (slot, pin, length, label)) \
    OWN(InitPIN, (CK_SESSION session, CK_BYTE *pin, CK_ULONG length), (session, pin, length)) \
    OWN(SetPIN, (CK_SESSION session, CK_BYTE *old, CK_ULONG old_length, CK_BYTE *fresh, \
        CK_ULONG fresh_length), (session, old, old_length, fresh, fresh_length)) \
    OWN(OpenSession, (CK_SLOT_ID slot, CK_FLAGS flags, void *application, void *notify, \
        CK_SESSION *session), (slot, flags, application, notify, session)) \
    OWN(CloseSession, (CK_SESSION session), (session)) \
    OWN(CloseAllSessions, (CK_SLOT_ID slot), (slot)) \
    OWN(GetSessionInfo, (CK_SESSION session, CK_SESSION_INFO *info), (session, info)) \
    SESSION(GetOperationState, (CK_SESSION session, CK_BYTE *out, CK_ULONG *out_length), \
        (session, out, out_length)) \
    SESSION(SetOperationState, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, \
        CK_OBJECT encrypts, CK_OBJECT signs), (session, in, length, encrypts, signs)) \
    OWN(Login, (CK_SESSION session, CK_USER user, CK_BYTE *pin, CK_ULONG length), \
        (session, user, pin, length)) \
    SESSION(Logout, (CK_SESSION session), (session)) \
    SESSION(CreateObject, (CK_SESSION session, CK_ATTRIBUTE *attributes, CK_ULONG count, \
        CK_OBJECT *object), (session, attributes, count, object)) \
    SESSION(CopyObject, (CK_SESSION session, CK_OBJECT from, CK_ATTRIBUTE *attributes, \
        CK_ULONG count, CK_OBJECT *object), (session, from, attributes, count, object)) \
    SESSION(DestroyObject, (CK_SESSION session, CK_OBJECT object), (session, object)) \
    SESSION(GetObjectSize, (CK_SESSION session, CK_OBJECT object, CK_ULONG *size), \
        (session, object, size)) \
    OWN(GetAttributeValue, (CK_SESSION session, CK_OBJECT object, CK_ATTRIBUTE *attributes, \
        CK_ULONG count), (session, object, attributes, count)) \
    SESSION(SetAttributeValue, (CK_SESSION session, CK_OBJECT object, CK_ATTRIBUTE *attributes, \
        CK_ULONG count), (session, object, attributes, count)) \
    OWN(FindObjectsInit, (CK_SESSION session, CK_ATTRIBUTE *attributes, CK_ULONG count), \
        (session, attributes, count)) \
    OWN(FindObjects, (CK_SESSION session, CK_OBJECT *objects, CK_ULONG most, CK_ULONG *count), \
        (session, objects, most, count)) \
    SESSION(FindObjectsFinal, (CK_SESSION session), (session)) \
    SESSION(EncryptInit, (CK_SESSION session, CK_MECHANISM *mechanism, CK_OBJECT key), \
        (session, mechanism, key)) \
    SESSION(Encrypt, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, CK_BYTE *out, \
        CK_ULONG *out_length), (session, in, length, out, out_length)) \
    SESSION(EncryptUpdate, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, CK_BYTE *out, \
        CK_ULONG *out_length), (session, in, length, out, out_length)) \
    SESSION(EncryptFinal, (CK_SESSION session, CK_BYTE *out, CK_ULONG *out_length), \
        (session, out, out_length)) \
    SESSION(DecryptInit, (CK_SESSION session, CK_MECHANISM *mechanism, CK_OBJECT key), \
        (session, mechanism, key)) \
    SESSION(Decrypt, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, CK_BYTE *out, \
        CK_ULONG *out_length), (session, in, length, out, out_length)) \
    SESSION(DecryptUpdate, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, CK_BYTE *out, \
        CK_ULONG *out_length), (session, in, length, out, out_length)) \
    SESSION(DecryptFinal, (CK_SESSION session, CK_BYTE *out, CK_ULONG *out_length), \
        (session, out, out_length)) \
    SESSION(DigestInit, (CK_SESSION session, CK_MECHANISM *mechanism), (session, mechanism)) \
    SESSION(Digest, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, CK_BYTE *out, \
        CK_ULONG *out_length), (session, in, length, out, out_length)) \
    SESSION(DigestUpdate, (CK_SESSION session, CK_BYTE *in, CK_ULONG length), \
        (session, in, length)) \
    SESSION(DigestKey, (CK_SESSION session, CK_OBJECT key), (session, key)) \
    SESSION(DigestFinal, (CK_SESSION session, CK_BYTE *out, CK_ULONG *out_length), \
        (session, out, out_length)) \
    OWN(SignInit, (CK_SESSION session, CK_MECHANISM *mechanism, CK_OBJECT key), \
        (session, mechanism, key)) \
    OWN(Sign, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, CK_BYTE *out, \
        CK_ULONG *out_length), (session, in, length, out, out_length)) \
    OWN(SignUpdate, (CK_SESSION session, CK_BYTE *in, CK_ULONG length), (session, in, length)) \
    OWN(SignFinal, (CK_SESSION session, CK_BYTE *out, CK_ULONG *out_length), \
        (session, out, out_length)) \
    SESSION(SignRecoverInit, (CK_SESSION session, CK_MECHANISM *mechanism, CK_OBJECT key), \
        (session, mechanism, key)) \
    SESSION(SignRecover, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, CK_BYTE *out, \
        CK_ULONG *out_length), (session, in, length, out, out_length)) \
    SESSION(VerifyInit, (CK_SESSION session, CK_MECHANISM *mechanism, CK_OBJECT key), \
        (session, mechanism, key)) \
    SESSION(Verify, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, CK_BYTE *signature, \
        CK_ULONG signature_length), (session, in, length, signature, signature_length)) \
    SESSION(VerifyUpdate, (CK_SESSION session, CK_BYTE *in, CK_ULONG length), \
        (session, in, length)) \
    SESSION(VerifyFinal, (CK_SESSION session, CK_BYTE *signature, CK_ULONG length), \
        (session, signature, length)) \
    SESSION(VerifyRecoverInit, (CK_SESSION session, CK_MECHANISM *mechanism, CK_OBJECT key), \
        (session, mechanism, key)) \
    SESSION(VerifyRecover, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, CK_BYTE *out, \
        CK_ULONG *out_length), (session, in, length, out, out_length)) \
    SESSION(DigestEncryptUpdate, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, \
        CK_BYTE *out, CK_ULONG *out_length), (session, in, length, out, out_length)) \
    SESSION(DecryptDigestUpdate, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, \
        CK_BYTE *out, CK_ULONG *out_length), (session, in, length, out, out_length)) \
    SESSION(SignEncryptUpdate, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, \
        CK_BYTE *out, CK_ULONG *out_length), (session, in, length, out, out_length)) \
    SESSION(DecryptVerifyUpdate, (CK_SESSION session, CK_BYTE *in, CK_ULONG length, \
        CK_BYTE *out, CK_ULONG *out_length), (session, in, length, out, out_length)) \
    SESSION(GenerateKey, (CK_SESSION session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *attributes, \
        CK_ULONG count, CK_OBJECT *key), (session, mechanism, attributes, count, key)) \
    OWN(GenerateKeyPair, (CK_SESSION session, CK_MECHANISM *mechanism, \
        CK_ATTRIBUTE *public_part, CK_ULONG public_count, CK_ATTRIBUTE *private_part, \
        CK_ULONG private_count, CK_OBJECT *public_key, CK_OBJECT *private_key), \
        (session, mechanism, public_part, public_count, private_part, private_count, public_key, \
         private_key)) \
    SESSION(WrapKey, (CK_SESSION session, CK_MECHANISM *mechanism, CK_OBJECT wrapping, \
        CK_OBJECT key, CK_BYTE *out, CK_ULONG *out_length), \
        (session, mechanism, wrapping, key, out, out_length)) \
    SESSION(UnwrapKey, (CK_SESSION session, CK_MECHANISM *mechanism, CK_OBJECT wrapping, \
        CK_BYTE *in, CK_ULONG length, CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT *key), \
        (session, mechanism, wrapping, in, length, attributes, count, key)) \
    SESSION(DeriveKey, (CK_SESSION session, CK_MECHANISM *mechanism, CK_OBJECT base, \
        CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT *key), \
        (session, mechanism, base, attributes, count, key)) \
    SESSION(SeedRandom, (CK_SESSION session, CK_BYTE *in, CK_ULONG length), \
        (session, in, length)) \
    SESSION(GenerateRandom, (CK_SESSION session, CK_BYTE *out, CK_ULONG length), \
        (session, out, length)) \
    SESSION(GetFunctionStatus, (CK_SESSION session), (session)) \
    SESSION(CancelFunction, (CK_SESSION session), (session)) \
    PLAIN(WaitForSlotEvent, (CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved), \
        (flags, slot, reserved))

#define CRYPTOKI_POINTER(name, parameters, arguments) CK_RV(*C_##name) parameters;
#define CRYPTOKI_NUMBER(name, parameters, arguments) FN_##name,
#define CRYPTOKI_NAME(name, parameters, arguments) "C_" #name,
#define CRYPTOKI_OWN(name, parameters, arguments) CK_RV own_##name parameters;
#define CRYPTOKI_NOTHING(name, parameters, arguments)

typedef struct {
    CK_VERSION version;
    CRYPTOKI_FUNCTIONS(CRYPTOKI_POINTER, CRYPTOKI_POINTER, CRYPTOKI_POINTER)
} CK_FUNCTION_LIST;

enum function { CRYPTOKI_FUNCTIONS(CRYPTOKI_NUMBER, CRYPTOKI_NUMBER, CRYPTOKI_NUMBER) };

CRYPTOKI_FUNCTIONS(CRYPTOKI_OWN, CRYPTOKI_NOTHING, CRYPTOKI_NOTHING)

#endif
