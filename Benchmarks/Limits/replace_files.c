// Writes and renames files, synced, with as little as can be: the physical limit of applying a change.
//
//     replace_files FOLDER COUNT BYTES

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check(long result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: replace_files FOLDER COUNT BYTES\n");
        return 2;
    }
    check(chdir(argv[1]), "chdir");
    size_t size = strtoul(argv[3], NULL, 10);
    char *bytes = malloc(size), name[32];
    memset(bytes, 'x', size);
    int folder = open(".", O_RDONLY | O_DIRECTORY);
    check(folder, "open");
    for (long number = 0, count = atol(argv[2]); number < count; number++) {
        int file = open(".staged", O_WRONLY | O_CREAT | O_TRUNC, 0644);
        check(file, "open");
        for (size_t written = 0; written < size;) {
            ssize_t more = write(file, bytes + written, size - written);
            check(more, "write");
            written += (size_t)more;
        }
        check(fsync(file), "fsync");
        check(close(file), "close");
        snprintf(name, sizeof name, "%ld.conf", number);
        check(rename(".staged", name), "rename");
        check(fsync(folder), "fsync of the folder");
    }
    return 0;
}
