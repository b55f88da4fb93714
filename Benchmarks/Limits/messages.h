// Buffers and the pieces of protobuf messages that the bare programs need to talk to etcd by gRPC.

#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint8_t *bytes;
    size_t count, capacity;
} Buffer;

static void fail(const char *reason) {
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, reason);
    exit(1);
}

static void append(Buffer *buffer, const void *bytes, size_t count) {
    if (buffer->count + count > buffer->capacity) {
        while (buffer->count + count > buffer->capacity) {
            buffer->capacity = buffer->capacity ? 2 * buffer->capacity : 1 << 12;
        }
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
        if (!buffer->bytes) fail("out of memory");
    }
    memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
}

static void appendVarint(Buffer *buffer, uint64_t value) {
    while (value >= 0x80) {
        append(buffer, &(uint8_t){(uint8_t)value | 0x80}, 1);
        value >>= 7;
    }
    append(buffer, &(uint8_t){(uint8_t)value}, 1);
}

// A field of bytes: its tag and length before them.
static void appendBytes(Buffer *buffer, uint8_t field, const void *bytes, size_t count) {
    append(buffer, &(uint8_t){(uint8_t)(field << 3 | 2)}, 1);
    appendVarint(buffer, count);
    append(buffer, bytes, count);
}

static void appendNumber(Buffer *buffer, uint8_t field, uint64_t value) {
    append(buffer, &(uint8_t){(uint8_t)(field << 3)}, 1);
    appendVarint(buffer, value);
}

// A gRPC frame begins with five bytes: not compressed, and the length.
static void beginFrame(Buffer *frame) {
    frame->count = 0;
    append(frame, "\0\0\0\0\0", 5);
}

static void endFrame(Buffer *frame) {
    uint32_t length = (uint32_t)frame->count - 5;
    for (int i = 0; i < 4; i++) frame->bytes[1 + i] = (uint8_t)(length >> (24 - 8 * i));
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

// One field of a message: a number, or `number` bytes at `bytes`.
typedef struct {
    uint64_t field, number;
    const uint8_t *bytes; // NULL for a number
} Field;

// Takes the next field between `at` and `end`.
static Field nextField(const uint8_t **at, const uint8_t *end) {
    uint64_t tag = varint(at, end);
    Field field = {tag >> 3, varint(at, end), NULL};
    if ((tag & 7) == 0) return field;
    if ((tag & 7) != 2 || field.number > (uint64_t)(end - *at)) fail("a malformed message");
    field.bytes = *at;
    *at += field.number;
    return field;
}
