// For the digests.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "CCrypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

int confd_x25519(const uint8_t *secret, const uint8_t *point, uint8_t *product) {
  size_t size = 32;
  EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, 32);
  EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, 32);
  EVP_PKEY_CTX *context = own ? EVP_PKEY_CTX_new(own, NULL) : NULL;
  int done = context && peer && EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1 &&
             EVP_PKEY_derive(context, product, &size) == 1 && size == 32;
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(peer);
  EVP_PKEY_free(own);
  return done;
}

int confd_x25519_public(const uint8_t *secret, uint8_t *public_key) {
  size_t size = 32;
  EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, 32);
  int done = own && EVP_PKEY_get_raw_public_key(own, public_key, &size) == 1 && size == 32;
  EVP_PKEY_free(own);
  return done;
}

int confd_hmac_sha256(const uint8_t *key, size_t key_size, const uint8_t *data, size_t size, uint8_t *code) {
  unsigned int length = 0;
  if (key_size > INT_MAX) return 0;
  return HMAC(EVP_sha256(), key, (int)key_size, data, size, code, &length) != NULL && length == 32;
}

int confd_chacha20_poly1305_open(const uint8_t *key, const uint8_t *nonce, const uint8_t *input, size_t size,
                                 uint8_t *output) {
  if (size < 16 || size > INT_MAX) return 0;
  int body = (int)size - 16, length = 0, rest = 0;
  uint8_t end[16];
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int done = context && EVP_DecryptInit_ex(context, EVP_chacha20_poly1305(), NULL, key, nonce) == 1 &&
             EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, (void *)(input + body)) == 1 &&
             EVP_DecryptUpdate(context, output, &length, input, body) == 1 && length == body &&
             EVP_DecryptFinal_ex(context, end, &rest) == 1 && rest == 0;
  EVP_CIPHER_CTX_free(context);
  return done;
}

int confd_equal(const uint8_t *left, const uint8_t *right, size_t size) { return CRYPTO_memcmp(left, right, size) == 0; }

void confd_wipe(void *bytes, size_t size) { OPENSSL_cleanse(bytes, size); }

_Static_assert(sizeof(struct confd_md5) == sizeof(MD5_CTX), "the state of MD5 has another size");

void confd_md5_begin(struct confd_md5 *state) { MD5_Init((MD5_CTX *)state); }
void confd_md5_add(struct confd_md5 *state, const void *bytes, size_t size) { MD5_Update((MD5_CTX *)state, bytes, size); }
void confd_md5_end(struct confd_md5 *state, uint8_t digest[16]) { MD5_Final(digest, (MD5_CTX *)state); }

void confd_sha1(const void *bytes, size_t size, uint8_t digest[20]) {
  SHA_CTX state;
  SHA1_Init(&state);
  SHA1_Update(&state, bytes, size);
  SHA1_Final(digest, &state);
}

void confd_sha256(const void *bytes, size_t size, uint8_t digest[32]) {
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, bytes, size);
  SHA256_Final(digest, &state);
}
