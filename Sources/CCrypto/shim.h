#pragma once
// The plain functions: the newer ones by name of algorithm first load 4 MB of providers, configuration and messages.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
