// Writes and renames files, synced, with as little as can be: the physical limit of applying a change.
//
//     replace_files FOLDER COUNT BYTES [THREADS]
//
// With one thread the folder is synced after each file. Several threads share the files, so that the disk can join their syncs, and
// the folder is synced once at the end, as a pass of confd does.

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t size;
static char *bytes;
static long count, threads = 1;
static int folder;

static void check(long result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static void *replace(void *argument) {
    long first = (long)argument;
    char staged[32], name[32];
    snprintf(staged, sizeof staged, ".staged%ld", first);
    for (long number = first; number < count; number += threads) {
        int file = open(staged, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        check(file, "open");
        for (size_t written = 0; written < size;) {
            ssize_t more = write(file, bytes + written, size - written);
            check(more, "write");
            written += (size_t)more;
        }
        check(fsync(file), "fsync");
        check(close(file), "close");
        snprintf(name, sizeof name, "%ld.conf", number);
        check(rename(staged, name), "rename");
        if (threads == 1) check(fsync(folder), "fsync of the folder");
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: replace_files FOLDER COUNT BYTES [THREADS]\n");
        return 2;
    }
    check(chdir(argv[1]), "chdir");
    count = atol(argv[2]);
    size = strtoul(argv[3], NULL, 10);
    if (argc == 5) threads = atol(argv[4]);
    if (threads < 1 || threads > 64) return 2;
    bytes = malloc(size);
    memset(bytes, 'x', size);
    folder = open(".", O_RDONLY | O_DIRECTORY);
    check(folder, "open");
    pthread_t others[64];
    for (long number = 1; number < threads; number++) {
        check(-pthread_create(&others[number], NULL, replace, (void *)number), "pthread_create");
    }
    replace((void *)0);
    for (long number = 1; number < threads; number++) pthread_join(others[number], NULL);
    check(fsync(folder), "fsync of the folder");
    return 0;
}
