// Reads a key range of etcd with as little as can be: the physical limit that a snapshot is measured against.
//
//     bare_read ENDPOINT START END PAGE
//
// Calls etcdserverpb.KV/Range by gRPC over libcurl (HTTP/2 with prior knowledge) and walks the messages only as far as
// the next page needs it; PAGE keys a call, 0 for all in one. Prints the number of keys and bytes.

#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint8_t *bytes;
    size_t count, capacity;
} Buffer;

static void fail(const char *reason) {
    fprintf(stderr, "bare_read: %s\n", reason);
    exit(1);
}

static void append(Buffer *buffer, const void *bytes, size_t count) {
    if (buffer->count + count > buffer->capacity) {
        while (buffer->count + count > buffer->capacity) {
            buffer->capacity = buffer->capacity ? 2 * buffer->capacity : 1 << 20;
        }
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
        if (!buffer->bytes) fail("out of memory");
    }
    memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
}

static size_t receive(char *bytes, size_t size, size_t count, void *buffer) {
    append(buffer, bytes, size * count);
    return size * count;
}

static void appendVarint(Buffer *buffer, uint64_t value) {
    while (value >= 0x80) {
        append(buffer, &(uint8_t){(uint8_t)value | 0x80}, 1);
        value >>= 7;
    }
    append(buffer, &(uint8_t){(uint8_t)value}, 1);
}

static uint64_t varint(const uint8_t **at, const uint8_t *end) {
    uint64_t value = 0;
    for (int shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
    fail("a malformed message");
    return 0;
}

// A RangeRequest in its gRPC frame: key 1, range_end 2, limit 3, revision 4.
static void encodeRequest(Buffer *request, const Buffer *start, const char *end, uint64_t limit, uint64_t revision) {
    request->count = 0;
    append(request, "\0\0\0\0\0", 5);
    append(request, "\x0a", 1);
    appendVarint(request, start->count);
    append(request, start->bytes, start->count);
    append(request, "\x12", 1);
    appendVarint(request, strlen(end));
    append(request, end, strlen(end));
    append(request, "\x18", 1);
    appendVarint(request, limit);
    append(request, "\x20", 1);
    appendVarint(request, revision);
    uint32_t length = (uint32_t)request->count - 5;
    for (int i = 0; i < 4; i++) request->bytes[1 + i] = (uint8_t)(length >> (24 - 8 * i));
}

typedef struct {
    uint64_t revision, keys;
    int more;
    const uint8_t *last; // the last KeyValue message
    size_t lastCount;
} Answer;

// header 1 (revision 3), kvs 2, more 3 of a RangeResponse.
static Answer decodeAnswer(const Buffer *body) {
    Answer answer = {0};
    if (body->count < 5) fail("no answer");
    const uint8_t *at = body->bytes + 5, *end = body->bytes + body->count;
    while (at < end) {
        uint64_t tag = varint(&at, end), value = varint(&at, end);
        if ((tag & 7) == 0) {
            if (tag >> 3 == 3) answer.more = value != 0;
            continue;
        }
        if ((tag & 7) != 2 || value > (uint64_t)(end - at)) fail("a malformed message");
        if (tag >> 3 == 1) {
            const uint8_t *inner = at, *innerEnd = at + value;
            while (inner < innerEnd) {
                uint64_t field = varint(&inner, innerEnd), number = varint(&inner, innerEnd);
                if (field >> 3 == 3) answer.revision = number;
            }
        } else if (tag >> 3 == 2) {
            answer.keys++;
            answer.last = at;
            answer.lastCount = value;
        }
        at += value;
    }
    return answer;
}

// The first key after `answer`'s last: its key (field 1 of KeyValue) with a zero byte behind it.
static void advance(Buffer *start, const Answer *answer) {
    const uint8_t *at = answer->last, *end = at + answer->lastCount;
    if (varint(&at, end) != 0x0a) fail("a key value without a key");
    uint64_t count = varint(&at, end);
    start->count = 0;
    append(start, at, count);
    append(start, "", 1);
}

int main(int argc, char **argv) {
    if (argc != 5) fail("usage: bare_read ENDPOINT START END PAGE");
    char url[512];
    snprintf(url, sizeof url, "%s/etcdserverpb.KV/Range", argv[1]);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "content-type: application/grpc");
    headers = curl_slist_append(headers, "te: trailers");
    Buffer start = {0}, request = {0}, body = {0};
    append(&start, argv[2], strlen(argv[2]));
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 65536L);
    uint64_t keys = 0, bytes = 0, revision = 0;
    int more = 1;
    while (more) {
        encodeRequest(&request, &start, argv[3], strtoull(argv[4], NULL, 10), revision);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.bytes);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request.count);
        body.count = 0;
        CURLcode code = curl_easy_perform(curl);
        if (code != CURLE_OK) fail(curl_easy_strerror(code));
        // libcurl before 8.0 does not take a kept connection by prior knowledge (curl issue 10634).
        curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_0);
        Answer answer = decodeAnswer(&body);
        keys += answer.keys;
        bytes += body.count;
        revision = answer.revision;
        more = answer.more;
        if (more) advance(&start, &answer);
    }
    printf("%llu keys, %llu bytes\n", (unsigned long long)keys, (unsigned long long)bytes);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return 0;
}
