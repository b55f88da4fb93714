#ifndef CONFD_CCRYPTO_H
#define CONFD_CCRYPTO_H

#include <stddef.h>
#include <stdint.h>

// What age and the digests need of libcrypto, which libcurl's TLS links already. OpenSSL's own headers stay out of Swift: they take
// a second to import.

// For age; all return 1 on success.

// X25519 of 32-byte values; fails for a point of small order, whose product is zero.
int confd_x25519(const uint8_t *secret, const uint8_t *point, uint8_t *product);

// The public key of a 32-byte secret.
int confd_x25519_public(const uint8_t *secret, uint8_t *public_key);

// HMAC-SHA-256 of `data`, 32 bytes.
int confd_hmac_sha256(const uint8_t *key, size_t key_size, const uint8_t *data, size_t size, uint8_t *code);

// Decrypts `size` bytes, of which the last 16 are the tag, into `size` - 16 bytes; fails if they were changed. The key has 32
// bytes, the nonce 12.
int confd_chacha20_poly1305_open(const uint8_t *key, const uint8_t *nonce, const uint8_t *input, size_t size,
                                 uint8_t *output);

// Compares in a time that does not depend on the contents; 1 if equal.
int confd_equal(const uint8_t *left, const uint8_t *right, size_t size);

// Overwrites a secret; not left out by the optimiser.
void confd_wipe(void *bytes, size_t size);

// Digests. They are OpenSSL's functions of version 1, which version 3 has but does not recommend: they cannot fail, and need no time
// at first, where those of version 3 (EVP) read the machine's configuration for 1 ms, a fifth of a small run.

// As large as OpenSSL's `MD5_CTX`.
struct confd_md5 {
  uint32_t words[23];
};

void confd_md5_begin(struct confd_md5 *state);
void confd_md5_add(struct confd_md5 *state, const void *bytes, size_t size);
void confd_md5_end(struct confd_md5 *state, uint8_t digest[16]);

void confd_sha1(const void *bytes, size_t size, uint8_t digest[20]);
void confd_sha256(const void *bytes, size_t size, uint8_t digest[32]);

#endif
