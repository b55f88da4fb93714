#define _GNU_SOURCE
#include "CPosix.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <nss.h>
#include <resolv.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

char **confd_environ(void) { return environ; }

// Swift's CommandLine reads /proc/self/cmdline, which is not there in every root; the C library hands the words to
// whatever runs before main.
static char **command_line;

__attribute__((constructor)) static void keep_command_line(int count, char **words) {
  (void)count;
  command_line = words;
}

char **confd_arguments(void) { return command_line; }

// The first write to a page of variables copies it (copy on write), and with several threads that takes a TLB shootdown: an
// interrupt of every CPU that runs one. Two calls before there are threads populate all pages of variables at once.
// packaging/static.ld says where they end in a release build; other builds go without.
extern char __data_start[], confd_data_end[] __attribute__((weak)), __bss_start[], _end[];

static void populate(const char *start, const char *end) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t first = (uintptr_t)start & ~(page - 1);
  // Linux before 5.14 does not know it, and nothing is lost then.
  madvise((void *)first, (uintptr_t)end - first, MADV_POPULATE_WRITE);
}

__attribute__((constructor)) static void populate_variables(void) {
  if (!confd_data_end) return;
  populate(__data_start, confd_data_end);
  populate(__bss_start, _end);
}

const int confd_open_path_only = O_PATH;

int confd_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int confd_reserve(int descriptor, off_t size) { return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, size); }

int confd_file_flags(int descriptor, unsigned long long *flags, unsigned long long *known) {
  struct statx status;
  if (statx(descriptor, "", AT_EMPTY_PATH, 0, &status) < 0) return -1;
  *flags = status.stx_attributes;
  *known = status.stx_attributes_mask;
  return 0;
}

const unsigned long long confd_flag_append_only = STATX_ATTR_APPEND;
const unsigned long long confd_flag_mount_root = STATX_ATTR_MOUNT_ROOT;

int confd_access(const char *path, int mode) { return faccessat(AT_FDCWD, path, mode, AT_EACCESS); }

int confd_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int confd_pidfd_send_signal(int process, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, process, signal, NULL, 0);
}

pid_t confd_peek_ended_child(void) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0) return -1;
  return info.si_pid;
}

int confd_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int confd_event_poll(void) { return epoll_create1(EPOLL_CLOEXEC); }

int confd_event_poll_add(int poll, int descriptor, unsigned long long token, int once_a_change) {
  struct epoll_event event = {.events = once_a_change ? EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN};
  event.data.u64 = token;
  return epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event);
}

int confd_event_poll_remove(int poll, int descriptor) {
  // Linux before 2.6.9 wants an event here too.
  struct epoll_event event = {.events = 0};
  return epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, &event);
}

int confd_event_poll_wait(int poll, struct confd_event *events, int count, int timeout) {
  struct epoll_event ready[64];
  int found = epoll_wait(poll, ready, count < 64 ? count : 64, timeout);
  for (int index = 0; index < found; ++index) {
    unsigned int bits = ready[index].events;
    events[index].token = ready[index].data.u64;
    events[index].events = (bits & (EPOLLIN | EPOLLRDHUP) ? CONFD_CAN_READ : 0) |
                           (bits & EPOLLOUT ? CONFD_CAN_WRITE : 0) | (bits & (EPOLLERR | EPOLLHUP) ? CONFD_FAILED : 0);
  }
  return found;
}

int confd_semaphore_wait_until(sem_t *semaphore, const struct timespec *deadline) {
  return sem_clockwait(semaphore, CLOCK_MONOTONIC, deadline);
}

int confd_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

void confd_use_built_in_name_services(void) {
  // Without an interpreter there is no dynamic linker, so this program is static.
  if (getauxval(AT_BASE) != 0) return;
  __nss_configure_lookup("passwd", "files");
  __nss_configure_lookup("group", "files");
  __nss_configure_lookup("hosts", "files dns");
}

// Before main, the Swift runtime looks for its crash reporter beside its own library, and aborts where it cannot tell
// where that is: a root without /proc. Release builds put this in place of that search (packaging/static.ld).
const char *confd_no_crash_reporter(const char *name) {
  (void)name;
  return NULL;
}

// The name of a Unicode scalar, such as LATIN SMALL LETTER A: none. Nothing here asks for one, and the table of all names in the
// standard library is half a megabyte. Release builds put this in place of the look-up (packaging/static.ld).
intptr_t confd_no_scalar_name(uint32_t scalar, uint8_t *buffer, intptr_t capacity) {
  (void)scalar;
  (void)buffer;
  (void)capacity;
  return 0;
}

int confd_search_services(const char *name, unsigned char *answer, int size, int *failure) {
  struct __res_state state;
  memset(&state, 0, sizeof state);
  if (res_ninit(&state) < 0) {
    *failure = NETDB_INTERNAL;
    return -1;
  }
  int length = res_nsearch(&state, name, ns_c_in, ns_t_srv, answer, size);
  if (length < 0) *failure = state.res_h_errno;
  res_nclose(&state);
  return length;
}

int confd_expand_name(const unsigned char *answer, const unsigned char *end, const unsigned char *start,
                      char *name, int size) {
  return dn_expand(answer, end, start, name, size);
}

int confd_send_datagram(const char *address, const void *bytes, size_t size) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  size_t length = strlen(address);
  if (length == 0 || length >= sizeof name.sun_path) {
    errno = EINVAL;
    return -1;
  }
  memcpy(name.sun_path, address, length);
  if (address[0] == '@') name.sun_path[0] = 0;
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  socklen_t name_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  ssize_t sent = sendto(descriptor, bytes, size, MSG_NOSIGNAL, (struct sockaddr *)&name, name_length);
  int code = errno;
  close(descriptor);
  errno = code;
  return sent < 0 ? -1 : 0;
}
