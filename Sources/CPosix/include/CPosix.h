#ifndef CONFD_CPOSIX_H
#define CONFD_CPOSIX_H

// C that Swift cannot import as it stands: variadic calls, function-like macros, environ.

char **confd_environ(void);

#endif
