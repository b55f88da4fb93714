#ifndef CONFD_CCURL_SHIM_H
#define CONFD_CCURL_SHIM_H

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// curl_easy_setopt and friends are variadic, which Swift cannot call: one typed wrapper per kind of argument.

static inline CURLcode confd_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode confd_curl_set_string(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode confd_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLMcode confd_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}

// CURLOPT_READFUNCTION, CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION share one signature.
typedef size_t (*confd_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode confd_curl_set_callback(CURL *handle, CURLoption option, confd_curl_data_callback callback) {
  return curl_easy_setopt(handle, option, callback);
}

static inline CURLcode confd_curl_get_long(CURL *handle, CURLINFO info, long *value) {
  return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode confd_curl_get_offset(CURL *handle, CURLINFO info, curl_off_t *value) {
  return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode confd_curl_get_pointer(CURL *handle, CURLINFO info, void **value) {
  return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode confd_curl_get_socket(CURL *handle, curl_socket_t *value) {
  return curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, value);
}

// The result of a finished transfer: the union in CURLMsg is awkward in Swift.
static inline CURLcode confd_curl_message_result(const CURLMsg *message) { return message->data.result; }

// libcurl opens its sockets without CLOEXEC, and commands must not inherit a connection to the store.
static inline curl_socket_t confd_socket_open(const struct curl_sockaddr *address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static inline int confd_socket_close(curl_socket_t socket) { return close(socket); }

// Makes reads and writes that other threads have pending on the socket return at once.
static inline void confd_socket_shut_down(curl_socket_t socket) { shutdown(socket, SHUT_RDWR); }

// Has sockets opened and closed by callbacks. libcurl closes some after their handle is gone, but before the multi handle is.
static inline CURLcode confd_curl_set_sockets(CURL *handle, curl_opensocket_callback open_socket,
                                              curl_closesocket_callback close_socket, void *context) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, context);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
  return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_CLOSESOCKETDATA, context) : code;
}

// Has `callback` called when a connection is ready and nothing was sent yet.
static inline CURLcode confd_curl_set_prerequisite(CURL *handle, curl_prereq_callback callback, void *context) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, callback);
  return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_PREREQDATA, context) : code;
}

// The certificates that this machine trusts, where libcurl was built elsewhere: what SSL_CERT_FILE names, as with OpenSSL,
// or else the first file there is of those of Debian, Fedora, openSUSE and Alpine. NULL leaves it to libcurl.
static inline const char *confd_curl_system_authorities(void) {
  static const char *const files[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                      "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
  const char *chosen = getenv("SSL_CERT_FILE");
  if (chosen != NULL && *chosen != '\0') return chosen;
  for (size_t index = 0; index < sizeof files / sizeof *files; ++index) {
    if (access(files[index], R_OK) == 0) return files[index];
  }
  return NULL;
}

#endif
