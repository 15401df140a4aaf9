#include "state.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "script.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int file = -1;
static struct state *state = NULL;
static char open_path[PATH_BYTES];

static bool map_file(const char *path)
{
    if (state != NULL) {
        munmap(state, sizeof *state);
        close(file);
        state = NULL;
    }
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof *state) != 0) {
        return false;
    }
    void *mapped = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    state = mapped == MAP_FAILED ? NULL : mapped;
    snprintf(open_path, sizeof open_path, "%s", path);
    return state != NULL;
}

/* Opens the file that the configuration names now; it stays open while the name stays. */
bool state_open(void)
{
    const char *path = conf_now()->state;
    pthread_mutex_lock(&mutex);
    bool ready = state != NULL && strcmp(path, open_path) == 0;
    ready = ready || map_file(path);
    pthread_mutex_unlock(&mutex);
    return ready;
}

/* The mutex is for the threads, the lock on the file for the processes: the system lets go of it
 * when one of them is killed. */
struct state *state_lock(void)
{
    pthread_mutex_lock(&mutex);
    flock(file, LOCK_EX);
    return state;
}

void state_unlock(void)
{
    flock(file, LOCK_UN);
    pthread_mutex_unlock(&mutex);
}

/* The token's record, made when there is none. The last one is shared by all that find no place. */
struct token_record *token_record(struct state *locked, const struct token *token)
{
    size_t i = 0;
    while (i < MOST_TOKENS - 1 && locked->tokens[i].serial[0] != '\0' &&
           strncmp(locked->tokens[i].serial, token->serial, 16) != 0) {
        i++;
    }
    struct token_record *record = &locked->tokens[i];
    memcpy(record->serial, token->serial, sizeof record->serial);
    memcpy(record->label, token->label, sizeof record->label);
    return record;
}

/* Faults are numbered as they are set, so two that are alive never want the same place. */
uint64_t count_fault(uint64_t id)
{
    struct fault_count *count = &state_lock()->counts[id % MOST_COUNTS];
    if (count->id != id) {
        *count = (struct fault_count){.id = id};
    }
    uint64_t met = ++count->count;
    state_unlock();
    return met;
}

/* Appended in one write, so that lines of several processes do not mix. */
static void append(const char *line, size_t length)
{
    int log = open(conf_now()->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || write(log, line, length) != (ssize_t)length) {
        perror("antin_shim: the log cannot be written");
    }
    if (log >= 0) {
        close(log);
    }
}

static void write_line(const char *function, const char *answer, const char *details)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%d %lx %s %s%s\n", (int)getpid(),
                          (unsigned long)pthread_self(), function, answer, details);
    append(line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

void log_call(const char *function, unsigned long answer, const char *details)
{
    char text[24];
    snprintf(text, sizeof text, "0x%lX", answer);
    write_line(function, text, details);
}

void log_event(const char *function, const char *event) { write_line(function, event, ""); }
