// What Swift cannot import by itself: variadic calls, and names behind feature macros.
#pragma once

#if defined(__linux__)
#include <sys/prctl.h>

// Makes the calling process the parent of every descendant whose own parent ends (prctl(2)).
static inline int mecha_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
#else
static inline int mecha_become_subreaper(void) { return 0; }
#endif

#include <unistd.h>
#if defined(__APPLE__)
#include <crt_externs.h>
static inline char **mecha_environment(void) { return *_NSGetEnviron(); }
#else
// The variable itself is not usable from Swift, which cannot know that nothing writes to it.
extern char **environ;
static inline char **mecha_environment(void) { return environ; }
#endif

#include <spawn.h>
// Declared by <spawn.h> under a feature macro that Swift's importer does not set.
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
static inline int mecha_spawn_in_directory(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

// Closes every descriptor from `first` on.
static inline void mecha_close_from(int first) {
#if defined(__linux__)
    extern int close_range(unsigned int, unsigned int, int);
    if (close_range((unsigned int)first, ~0U, 0) == 0) { return; }
#endif
    long end = sysconf(_SC_OPEN_MAX);
    for (int descriptor = first; descriptor < end; descriptor++) { close(descriptor); }
}
