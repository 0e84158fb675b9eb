/* Certificate requests (PKCS#10, RFC 2986): the public key, the URI SAN that is asked for, and a signature
 * by the key as proof that the sender holds it. */
#ifndef OSSL_REQUEST_H
#define OSSL_REQUEST_H

#include "ossl/parts.h"

GENERAL_NAMES *mc_ossl_uri_names(struct mc_str uri); /* NULL refuses */

X509_REQ *mc_ossl_request_new(struct mc_ossl *ossl, struct mc_str key, struct mc_str identity); /* NULL: bad key, no memory */
X509_REQ *mc_ossl_request_read(struct mc_ossl *ossl, struct mc_str der); /* NULL: not one, or not signed by its key */
mc_atom mc_ossl_request_identity(struct mc_ossl *ossl, X509_REQ *request);

#endif
