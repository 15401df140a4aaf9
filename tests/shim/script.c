#include "script.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

static _Atomic(const struct conf *) conf;

const struct conf *conf_now(void) { return atomic_load(&conf); }

static void take_line(struct conf *made, char *line)
{
    const struct { const char *key; char *place; } places[] = {
        {"module=", made->module}, {"softhsm2_conf=", made->softhsm2_conf},
        {"script=", made->script}, {"log=", made->log}, {"state=", made->state},
    };
    line[strcspn(line, "\n")] = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        size_t length = strlen(places[i].key);
        if (strncmp(line, places[i].key, length) == 0) {
            snprintf(places[i].place, PATH_BYTES, "%s", line + length);
        }
    }
}

/* Reads `<own_path>.conf`. What was read before stays in memory, as a thread may be reading it. */
bool conf_load(const char *own_path)
{
    char path[PATH_BYTES + 8], line[PATH_BYTES + 32];
    snprintf(path, sizeof path, "%s.conf", own_path);
    FILE *file = fopen(path, "re");
    struct conf *made = calloc(1, sizeof *made);
    if (file == NULL || made == NULL) {
        if (file != NULL) {
            fclose(file);
        }
        free(made);
        return false;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        take_line(made, line);
    }
    fclose(file);
    const struct conf *before = conf_now();
    if (before != NULL && memcmp(before, made, sizeof *made) == 0) {
        free(made);
    } else {
        atomic_store(&conf, made);
    }
    return true;
}

static int hex(char digit)
{
    const char *digits = "0123456789ABCDEF", *found = digit ? strchr(digits, digit) : NULL;
    return found ? (int)(found - digits) : -1;
}

static void decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from == '%' && hex(from[1]) >= 0 && hex(from[2]) >= 0) {
            *to++ = (char)(hex(from[1]) * 16 + hex(from[2]));
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static bool parse_line(struct rule *rule, char *line)
{
    char *rest = NULL;
    rule->kind = strtok_r(line, " ", &rest);
    rule->count = 0;
    for (char *word; (word = strtok_r(NULL, " ", &rest)) != NULL; rule->count++) {
        if (rule->count == MOST_PAIRS) {
            return false;
        }
        char *equals = strchr(word, '=');
        if (equals != NULL) {
            *equals = '\0';
            decode(equals + 1);
        }
        rule->pairs[rule->count].key = word;
        rule->pairs[rule->count].value = equals ? equals + 1 : "1";
    }
    return true;
}

/* A script that is not there is an empty one. One that does not fit is said in the log, where the
 * tests see it: a fault that is silently not injected would let a test pass that proves nothing. */
void script_read(struct script *script)
{
    script->count = 0;
    FILE *file = fopen(conf_now()->script, "re");
    if (file == NULL) {
        return;
    }
    size_t length = fread(script->text, 1, SCRIPT_BYTES - 1, file);
    bool whole = fgetc(file) == EOF;
    fclose(file);
    script->text[length] = '\0';
    char *rest = NULL;
    for (char *line = strtok_r(script->text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        whole = whole && script->count < MOST_RULES;
        if (!whole || !parse_line(&script->rules[script->count], line)) {
            log_event("script", "unreadable");
            return;
        }
        script->count++;
    }
}

const char *rule_text(const struct rule *rule, const char *key)
{
    for (size_t i = 0; i < rule->count; i++) {
        if (strcmp(rule->pairs[i].key, key) == 0) {
            return rule->pairs[i].value;
        }
    }
    return NULL;
}

unsigned long rule_number(const struct rule *rule, const char *key, unsigned long otherwise)
{
    const char *text = rule_text(rule, key);
    return text ? strtoul(text, NULL, 0) : otherwise;
}

bool rule_says(const struct rule *rule, const char *key) { return rule_text(rule, key) != NULL; }

static bool is_for(const struct rule *rule, const char *label)
{
    const char *wanted = rule_text(rule, "token");
    return wanted == NULL || (label != NULL && strcmp(wanted, label) == 0);
}

const struct rule *rule_next(const struct script *script, const struct rule *previous,
                             const char *kind, const char *label)
{
    const struct rule *end = script->rules + script->count;
    for (const struct rule *rule = previous ? previous + 1 : script->rules; rule < end; rule++) {
        if (strcmp(rule->kind, kind) == 0 && is_for(rule, label)) {
            return rule;
        }
    }
    return NULL;
}

unsigned long script_number(const struct script *script, const char *kind)
{
    const struct rule *rule = rule_next(script, NULL, kind, NULL);
    return rule ? rule_number(rule, "number", 0) : 0;
}
