#include "CPosix.h"

#include <unistd.h>

extern char **environ;

char **confd_environ(void) { return environ; }
