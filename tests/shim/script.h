/* What a test wants of the shim: `<shim>.conf`, read once an initialisation, says which files;
 * the script, read anew at every call, says which faults.
 *
 * A script is lines of words: the kind of the rule, then `key=value`; `key` alone is `key=1`.
 * Values are percent-encoded UTF-8; numbers are decimal or 0x…. A rule with `token=` is for the
 * token with that label (SoftHSM's own, not one that a rule presents), without it for every token.
 *
 *   epoch number=N                     sessions opened from now on are of this epoch
 *   plug number=N                      a token that fault rule `pull` took out in N is out
 *   dead number=N answer=CKR           sessions of an epoch before N are dead, and answer this
 *   fault id=N function=C_… [from=N] [to=N] [after] [answer=CKR] [sleep=MS] [hang] [abort] [die]
 *         [pull] [flip=BIT] [length=BYTES]
 *   absent [slot]                      the token is pulled out; with `slot` the reader too
 *   mirror                             the token shows in a second slot as well
 *   present [label=] [serial=] [model=] [manufacturer=] [description=] [min_pin=] [max_pin=]
 *   flags [set=] [clear=]              in CK_TOKEN_INFO
 *   slot_flags [set=] [clear=]         in CK_SLOT_INFO
 *   tries [user=N] [so=N]              wrong PINs in a row until it is locked
 *   pin_pad [id=N] [user=PIN] [so=PIN] [fresh=PIN] [delay=MS] [cancel]
 *   always_authenticate                of all private keys
 *   lack mechanism=N                   not listed, refused
 *   claim mechanism=N [flags=] [min=] [max=]
 *   hide attribute=N [class=N] */

#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

enum { MOST_RULES = 128, MOST_PAIRS = 16, SCRIPT_BYTES = 32768, PATH_BYTES = 4096 };

struct conf {
    char module[PATH_BYTES];        /* the real module */
    char softhsm2_conf[PATH_BYTES]; /* its configuration */
    char script[PATH_BYTES], log[PATH_BYTES], state[PATH_BYTES];
};

struct rule {
    const char *kind;
    size_t count;
    struct { const char *key, *value; } pairs[MOST_PAIRS];
};

/* Rules point into `text`, so a script is never copied. */
struct script {
    char text[SCRIPT_BYTES];
    size_t count;
    struct rule rules[MOST_RULES];
};

bool conf_load(const char *own_path);
const struct conf *conf_now(void);

void script_read(struct script *script);
const char *rule_text(const struct rule *rule, const char *key);
unsigned long rule_number(const struct rule *rule, const char *key, unsigned long otherwise);
bool rule_says(const struct rule *rule, const char *key);

/* The first rule of the kind for the token after `previous` (NULL: from the start); NULL at the
 * end. A `label` of NULL is no token: only rules for every token are found. */
const struct rule *rule_next(const struct script *script, const struct rule *previous,
                             const char *kind, const char *label);
unsigned long script_number(const struct script *script, const char *kind);

#endif
