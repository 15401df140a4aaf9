/* What outlives a call, shared by all processes that load the shim: the PIN tries of each token,
 * how often each fault was met, and the log. */

#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stdint.h>

enum { MOST_TOKENS = 32, MOST_COUNTS = 256 };

/* A token by SoftHSM's own label and serial number, without padding. */
struct token { char label[33], serial[17]; };

/* The state file is this structure; the tests read the records of the tokens. */
struct token_record {
    char serial[16], label[32];
    uint32_t user_wrong, so_wrong; /* wrong PINs in a row */
    uint32_t pulled;               /* the `plug` number in which it was pulled out; 0: never */
    uint32_t reserved;
};
struct fault_count { uint64_t id, count; };
struct state {
    struct token_record tokens[MOST_TOKENS];
    struct fault_count counts[MOST_COUNTS];
};

bool state_open(void);

/* Between the two no other thread or process changes the state; nothing slow in between. */
struct state *state_lock(void);
void state_unlock(void);

struct token_record *token_record(struct state *state, const struct token *token);
uint64_t count_fault(uint64_t id);

/* One line: process, thread, function, answer, details. An event has no answer yet. */
void log_call(const char *function, unsigned long answer, const char *details);
void log_event(const char *function, const char *event);

#endif
