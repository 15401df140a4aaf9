/* Objects: attributes that the token does not show, and keys that want a login each time. */

#include <string.h>

#include "shim.h"

enum { NO_CLASS = 0xFFFFFFFF };

CK_ULONG object_class(CK_SESSION session, CK_OBJECT object)
{
    CK_ULONG class = NO_CLASS;
    CK_ATTRIBUTE asked = {.type = CKA_CLASS, .value = &class, .length = sizeof class};
    return real.C_GetAttributeValue(session, object, &asked, 1) == CKR_OK ? class : NO_CLASS;
}

static bool is_hidden(const struct call *call, CK_ULONG class, CK_ATTRIBUTE_TYPE type)
{
    const struct rule *rule = NULL;
    while ((rule = rule_next(&call->script, rule, "hide", call->token.label)) != NULL) {
        if (rule_number(rule, "attribute", CK_UNAVAILABLE) == type &&
            rule_number(rule, "class", class) == class) {
            return true;
        }
    }
    return false;
}

static void hide(CK_ATTRIBUTE *attribute)
{
    if (attribute->value != NULL && attribute->length != CK_UNAVAILABLE) {
        memset(attribute->value, 0, attribute->length);
    }
    attribute->length = CK_UNAVAILABLE;
}

static CK_RV change_attributes(const struct call *call, CK_ULONG class, CK_ATTRIBUTE *attributes,
                               CK_ULONG count)
{
    CK_RV rv = CKR_OK;
    bool always = class == CKO_PRIVATE_KEY && call_rule(call, "always_authenticate") != NULL;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_ATTRIBUTE *attribute = &attributes[i];
        if (is_hidden(call, class, attribute->type)) {
            hide(attribute);
            rv = CKR_ATTRIBUTE_TYPE_INVALID;
        } else if (always && attribute->type == CKA_ALWAYS_AUTHENTICATE &&
                   attribute->value != NULL && attribute->length == sizeof(CK_BBOOL)) {
            *(CK_BBOOL *)attribute->value = 1;
        }
    }
    return rv;
}

CK_RV own_GetAttributeValue(CK_SESSION session, CK_OBJECT object, CK_ATTRIBUTE *attributes,
                            CK_ULONG count)
{
    struct call call;
    CK_RV rv = enter_session(&call, FN_GetAttributeValue, session);
    if (rv == CKR_OK) {
        rv = real.C_GetAttributeValue(session, object, attributes, count);
        CK_ULONG class = object_class(session, object);
        /* Also when it failed: the attributes that it could read are there. */
        if (class != NO_CLASS && attributes != NULL) {
            CK_RV change = change_attributes(&call, class, attributes, count);
            rv = rv == CKR_OK ? change : rv;
        }
    }
    return leave(&call, rv);
}

static void keep_sought(CK_SESSION handle, const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    struct session *session = session_lock(handle);
    if (session != NULL) {
        session->sought_count = count < MOST_SOUGHT ? count : MOST_SOUGHT;
        for (CK_ULONG i = 0; i < session->sought_count; i++) {
            session->sought[i] = attributes[i].type;
        }
    }
    session_unlock();
}

CK_RV own_FindObjectsInit(CK_SESSION session, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    struct call call;
    CK_RV rv = enter_session(&call, FN_FindObjectsInit, session);
    if (rv == CKR_OK) {
        rv = real.C_FindObjectsInit(session, attributes, count);
    }
    if (rv == CKR_OK) {
        keep_sought(session, attributes, count);
    }
    return leave(&call, rv);
}

/* An object is not found by an attribute that it does not show. */
static bool is_found(const struct call *call, CK_SESSION handle, CK_OBJECT object)
{
    struct session open = {0};
    const struct session *session = session_lock(handle);
    open = session ? *session : open;
    session_unlock();
    CK_ULONG class = open.sought_count > 0 ? object_class(handle, object) : NO_CLASS;
    for (CK_ULONG i = 0; i < open.sought_count; i++) {
        if (is_hidden(call, class, open.sought[i])) {
            return false;
        }
    }
    return true;
}

/* Goes on while all that came was hidden: none at all would mean the end of the search. */
static CK_RV find(const struct call *call, CK_SESSION session, CK_OBJECT *objects, CK_ULONG most,
                  CK_ULONG *count)
{
    CK_RV rv;
    CK_ULONG came, kept = 0;
    do {
        rv = real.C_FindObjects(session, objects, most, &came);
        for (CK_ULONG i = 0; rv == CKR_OK && i < came; i++) {
            if (is_found(call, session, objects[i])) {
                objects[kept++] = objects[i];
            }
        }
    } while (rv == CKR_OK && came > 0 && kept == 0);
    *count = kept;
    return rv;
}

CK_RV own_FindObjects(CK_SESSION session, CK_OBJECT *objects, CK_ULONG most, CK_ULONG *count)
{
    struct call call;
    CK_RV rv = enter_session(&call, FN_FindObjects, session);
    if (rv == CKR_OK) {
        rv = objects && count ? find(&call, session, objects, most, count) : CKR_ARGUMENTS_BAD;
    }
    return leave(&call, rv);
}
