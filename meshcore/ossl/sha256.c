#include "ossl/sha256.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>

bool mc_ossl_sha256(struct mc_str text, char out[static 65])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (!EVP_Digest(text.p, text.n, digest, &length, EVP_sha256(), NULL) || length != 32) return false;
    for (unsigned i = 0; i < length; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[64] = '\0';
    return true;
}

const char *mc_ossl_library(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
