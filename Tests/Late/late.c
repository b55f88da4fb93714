#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Sleeps for up to LATE_MS milliseconds, one time in four not at all, and becomes the program of the same name in REAL. */
int main(int count, char **arguments, char **environment) {
  const char *path = (const char *)getauxval(AT_EXECFN);
  const char *slash = strrchr(path, '/');
  unsigned random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random) return 127;
  unsigned milliseconds = random % 4 == 0 ? 0 : random / 4 % LATE_MS;
  nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000L}, NULL);
  char real[4096];
  snprintf(real, sizeof real, "%s/%s", REAL, slash ? slash + 1 : path);
  execve(real, arguments, environment);
  /* The name is that of a script, for which this program, covered, is the interpreter. */
  char self[2048] = "";
  if (readlink("/proc/self/exe", self, sizeof self - 1) > 0 && (slash = strrchr(self, '/'))) {
    snprintf(real, sizeof real, "%s/%s", REAL, slash + 1);
    execve(real, arguments, environment);
  }
  perror(real);
  return 127;
}
