// Reads a key range of etcd with as little as can be: the physical limit that a snapshot is measured against.
//
//     bare_read ENDPOINT START END PAGE
//
// Calls etcdserverpb.KV/Range by gRPC over libcurl (HTTP/2 with prior knowledge) and walks the messages only as far as
// the next page needs it; PAGE keys a call, 0 for all in one. Prints the number of keys and bytes.

#include "messages.h"

#include <curl/curl.h>

static size_t receive(char *bytes, size_t size, size_t count, void *buffer) {
    append(buffer, bytes, size * count);
    return size * count;
}

// A RangeRequest in its gRPC frame: key 1, range_end 2, limit 3, revision 4.
static void encodeRequest(Buffer *request, const Buffer *start, const char *end, uint64_t limit, uint64_t revision) {
    beginFrame(request);
    appendBytes(request, 1, start->bytes, start->count);
    appendBytes(request, 2, end, strlen(end));
    appendNumber(request, 3, limit);
    appendNumber(request, 4, revision);
    endFrame(request);
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
        Field field = nextField(&at, end);
        if (field.field == 3) answer.more = field.number != 0;
        if (field.field == 1) {
            const uint8_t *inner = field.bytes, *innerEnd = inner + field.number;
            while (inner < innerEnd) {
                Field part = nextField(&inner, innerEnd);
                if (part.field == 3) answer.revision = part.number;
            }
        } else if (field.field == 2) {
            answer.keys++;
            answer.last = field.bytes;
            answer.lastCount = field.number;
        }
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
