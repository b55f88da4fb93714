#include <signal.h>

/* Before the first test: a write to a pipe or connection that the other side has closed is an error, as in confd itself. It would
   end the process of the tests, without a line of why. Programs that tests start have the default again. */
__attribute__((constructor)) static void ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }
