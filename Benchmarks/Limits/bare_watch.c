// Watches keys of etcd and writes the newest value into a file, with as little as can be: the limit for a daemon.
//
//     bare_watch ENDPOINT PREFIX FILE
//
// Calls etcdserverpb.Watch/Watch by gRPC over libcurl (HTTP/2 with prior knowledge), from the first revision, or where the
// last connection ended. The file is replaced by a rename, with a line feed behind the value.

#include "messages.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <unistd.h>

typedef struct {
    Buffer request, received;
    size_t sent;
    uint64_t next; // the first revision that was not seen
    const char *file;
    char temporary[4096];
} Watch;

// A WatchRequest: create_request 1 with key 1, range_end 2, start_revision 3.
static void encodeRequest(Watch *watch, const char *prefix) {
    Buffer create = {0}, end = {0};
    append(&end, prefix, strlen(prefix));
    end.bytes[end.count - 1]++;
    appendBytes(&create, 1, prefix, strlen(prefix));
    appendBytes(&create, 2, end.bytes, end.count);
    appendNumber(&create, 3, watch->next);
    beginFrame(&watch->request);
    appendBytes(&watch->request, 1, create.bytes, create.count);
    endFrame(&watch->request);
    watch->sent = 0;
    watch->received.count = 0;
    free(create.bytes);
    free(end.bytes);
}

// The request stays open: a watch lasts as long as its client has something to say.
static size_t sendMore(char *to, size_t size, size_t count, void *data) {
    Watch *watch = data;
    size_t left = watch->request.count - watch->sent, fitting = left < size * count ? left : size * count;
    if (left == 0) return CURL_READFUNC_PAUSE;
    memcpy(to, watch->request.bytes + watch->sent, fitting);
    watch->sent += fitting;
    return fitting;
}

static void writeFile(Watch *watch, const Field *value) {
    int file = open(watch->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 || write(file, value->bytes, value->number) != (ssize_t)value->number || write(file, "\n", 1) != 1) {
        fail("the file cannot be written");
    }
    close(file);
    if (rename(watch->temporary, watch->file) != 0) fail("the file cannot be renamed");
}

// A WatchResponse: events 11, each with kv 2, of which mod_revision is 3 and value is 5.
static void take(Watch *watch, const uint8_t *at, const uint8_t *end) {
    Field newest = {0};
    while (at < end) {
        Field event = nextField(&at, end);
        if (event.field != 11 || !event.bytes) continue;
        const uint8_t *inner = event.bytes, *innerEnd = inner + event.number;
        while (inner < innerEnd) {
            Field pair = nextField(&inner, innerEnd);
            if (pair.field != 2 || !pair.bytes) continue;
            const uint8_t *part = pair.bytes, *partEnd = part + pair.number;
            while (part < partEnd) {
                Field field = nextField(&part, partEnd);
                if (field.field == 3) watch->next = field.number + 1;
                if (field.field == 5) newest = field;
            }
        }
    }
    if (newest.bytes) writeFile(watch, &newest);
}

static size_t receive(char *bytes, size_t size, size_t count, void *data) {
    Watch *watch = data;
    Buffer *received = &watch->received;
    append(received, bytes, size * count);
    size_t taken = 0;
    while (received->count - taken >= 5) {
        const uint8_t *frame = received->bytes + taken;
        size_t length = (size_t)frame[1] << 24 | frame[2] << 16 | frame[3] << 8 | frame[4];
        if (received->count - taken < 5 + length) break;
        take(watch, frame + 5, frame + 5 + length);
        taken += 5 + length;
    }
    memmove(received->bytes, received->bytes + taken, received->count - taken);
    received->count -= taken;
    return size * count;
}

int main(int argc, char **argv) {
    if (argc != 4 || !*argv[2]) fail("usage: bare_watch ENDPOINT PREFIX FILE");
    Watch watch = {.next = 1, .file = argv[3]};
    snprintf(watch.temporary, sizeof watch.temporary, "%s.new", argv[3]);
    char url[512];
    snprintf(url, sizeof url, "%s/etcdserverpb.Watch/Watch", argv[1]);
    struct curl_slist *headers = curl_slist_append(NULL, "content-type: application/grpc");
    headers = curl_slist_append(headers, "te: trailers");
    headers = curl_slist_append(headers, "expect:");
    while (1) {
        encodeRequest(&watch, argv[2]);
        CURL *curl = curl_easy_init();
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, sendMore);
        curl_easy_setopt(curl, CURLOPT_READDATA, &watch);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &watch);
        // It returns when the server is gone.
        curl_easy_perform(curl);
        curl_easy_cleanup(curl);
        usleep(50000);
    }
}
