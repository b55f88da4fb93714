#ifndef CONFD_CCURL_SHIM_H
#define CONFD_CCURL_SHIM_H

#include <curl/curl.h>

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

#endif
