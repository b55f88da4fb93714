#ifndef CONFD_CPOSIX_H
#define CONFD_CPOSIX_H

// C that Swift cannot import as it stands: variadic calls, function-like macros, environ, and headers that the Glibc
// module leaves out.

#include <malloc.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/types.h>
#include <sys/xattr.h>

char **confd_environ(void);

// The words of the command line, the program's own name first, then NULL.
char **confd_arguments(void);

// O_PATH, which wants _GNU_SOURCE.
extern const int confd_open_path_only;

// pipe2(2) with O_CLOEXEC.
int confd_pipe(int ends[2]);

// fallocate(2) with FALLOC_FL_KEEP_SIZE.
int confd_reserve(int descriptor, off_t size);

// statx(2)'s flags of the open file, and which of them its file system and the kernel know; -1 and errno.
int confd_file_flags(int descriptor, unsigned long long *flags, unsigned long long *known);

// STATX_ATTR_APPEND and STATX_ATTR_MOUNT_ROOT, which want _GNU_SOURCE.
extern const unsigned long long confd_flag_append_only;
extern const unsigned long long confd_flag_mount_root;

// faccessat(2) with the effective ids.
int confd_access(const char *path, int mode);

// pidfd_open(2): a close-on-exec descriptor that becomes readable when the process ends, or -1 and errno.
int confd_pidfd_open(pid_t pid);

// pidfd_send_signal(2): the signal reaches this very process or none; -1 and errno.
int confd_pidfd_send_signal(int process, int signal);

// The id of a child that has ended and was not waited for, which stays so; 0 if there is none, -1 and errno.
pid_t confd_peek_ended_child(void);

// accept4(2): a close-on-exec, non-blocking connection, or -1 and errno.
int confd_accept(int listener);

// A set of descriptors to wait for (epoll), or -1 and errno.
int confd_event_poll(void);

// What `confd_event_poll_wait` says about a descriptor: bits of `events`.
#define CONFD_CAN_READ 1u
#define CONFD_CAN_WRITE 2u
#define CONFD_FAILED 4u

struct confd_event {
  unsigned long long token;
  unsigned int events;
};

// Adds a descriptor, about which events carry `token`: whenever its state changes, for reading and writing (`once_a_change`),
// or for as long as it can be read.
int confd_event_poll_add(int poll, int descriptor, unsigned long long token, int once_a_change);

// Takes a descriptor out.
int confd_event_poll_remove(int poll, int descriptor);

// Waits for at most `timeout` milliseconds (-1: for ever); up to `count` events, at most 64. The number of them, or -1
// and errno.
int confd_event_poll_wait(int poll, struct confd_event *events, int count, int timeout);

// sem_clockwait(3) by CLOCK_MONOTONIC, which wants _GNU_SOURCE; sem_timedwait follows the wall clock.
int confd_semaphore_wait_until(sem_t *semaphore, const struct timespec *deadline);

// Makes orphaned descendants our children, as PID 1 has them.
int confd_become_subreaper(void);

// Sends one datagram to the Unix socket at `address` (a leading '@' is an abstract one); -1 and errno if it fails.
int confd_send_datagram(const char *address, const void *bytes, size_t size);

// Where this program is a static one: looks up users and groups in /etc/passwd and /etc/group and hosts in /etc/hosts and
// DNS, whatever nsswitch.conf says. Call it before the first look-up.
void confd_use_built_in_name_services(void);

// Asks DNS for the service records of `name` through the system's resolver and its search list. Returns the length
// of the answer, at most `size` bytes of which are in `answer`, or -1 and a value of h_errno in `failure`.
int confd_search_services(const char *name, unsigned char *answer, int size, int *failure);

// The name of the domain name that starts at `start`, or -1; returns the bytes it takes up.
int confd_expand_name(const unsigned char *answer, const unsigned char *end, const unsigned char *start,
                      char *name, int size);

#endif
