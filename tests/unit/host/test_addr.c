/* Addresses against the C library's inet_pton and inet_ntop. */
#include "base/rand.h"
#include "host/addr.h"
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>

Suite *test_addr_suite(void);

static const char *const literals[] = {
    "0.0.0.0", "1.2.3.4", "255.255.255.255", "256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1..2.3", "1.2.3.4 ", " 1.2.3.4",
    "", ".", "1.2.3.", ".1.2.3", "a.b.c.d", "1.2.3.-4", "1.2.3.+4", "127.1", "0x7f.0.0.1", "1.2.3.1000",
    "::", "::1", "1::", "1::2", "2001:db8::8a2e:370:7334", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7", ":::",
    "1:::2", "::1::", "1::2::3", ":1", "1:", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "12345::", "g::", "::FFFF", "::1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "fe80::1%eth0", "[::1]", "0:0:0:0:0:0:0:0", "00001::",
};

/* Both know the same literals, but for "any", which is one address here. */
START_TEST(literal_is_read_as_the_c_library_reads_it)
{
    const char *text = literals[_i];
    struct mc_addr addr;
    unsigned char want[16] = {0};
    bool v4 = inet_pton(AF_INET, text, want + 12) == 1, good = v4 || inet_pton(AF_INET6, text, want) == 1;
    ck_assert_msg(mc_addr_parse_ip(mc_str_c(text), 80, &addr) == good, "%s: %d wanted", text, good);
    if (!good) return;
    if (v4 && memcmp(want + 12, "\0\0\0", 4)) want[10] = want[11] = 0xff;
    ck_assert_msg(!memcmp(addr.ip, want, 16), "%s", text);
    ck_assert_uint_eq(addr.port, 80);
}
END_TEST

/* What is printed is what inet_ntop prints, and reads back. Groups are zero often enough for every place
 * and length of a run. */
START_TEST(print_and_parse_are_inverse)
{
    for (uint64_t i = 0; i < 50000; i++) {
        struct mc_addr addr = {.port = (uint16_t)mc_mix(i)}, back;
        for (int k = 0; k < 16; k += 2) {
            uint64_t luck = mc_mix(i * 16 + (uint64_t)k + 1);
            if (luck % 3 == 0) continue;
            addr.ip[k] = luck % 3 == 1 ? (uint8_t)(luck >> 8) : 0;
            addr.ip[k + 1] = (uint8_t)(luck >> 16);
        }
        char text[MC_ADDR_TEXT_MAX], want[INET6_ADDRSTRLEN];
        size_t n = mc_addr_text(addr, text);
        ck_assert_uint_eq(strlen(text), n);
        ck_assert_msg(mc_addr_parse(mc_str(text, n), &back) && mc_addr_eq(addr, back), "%s", text);
        ck_assert_uint_eq(mc_addr_hash(addr), mc_addr_hash(back));
        n = mc_addr_ip_text(addr, text);
        inet_ntop(AF_INET6, addr.ip, want, sizeof want);
        bool mixed = strchr(want, '.') != NULL; /* ::1.2.3.4, which RFC 5952 leaves free */
        if (!mixed && !mc_addr_is_any(addr)) ck_assert_str_eq(text, want);
        ck_assert(mc_addr_parse_ip(mc_str(text, n), addr.port, &back) && mc_addr_eq(addr, back));
    }
}
END_TEST

START_TEST(v4_is_mapped)
{
    struct mc_addr addr = mc_addr_v4(0x7f000001, 8080), read;
    char text[MC_ADDR_TEXT_MAX];
    ck_assert(mc_addr_is_v4(addr) && mc_addr_is_loopback(addr) && !mc_addr_is_any(addr));
    ck_assert_uint_eq(mc_addr_v4_of(addr), 0x7f000001);
    mc_addr_text(addr, text);
    ck_assert_str_eq(text, "127.0.0.1:8080");
    ck_assert(mc_addr_parse(MC_STR("[::1]:443"), &read));
    ck_assert(mc_addr_is_loopback(read) && read.port == 443 && !mc_addr_is_v4(read));
    ck_assert(mc_addr_is_any(mc_addr_v4(0, 1)));
}
END_TEST

static const char *const bad[] = {"1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "::1:80", "[::1]", "[::1:80", "[1.2.3.4]:80", "localhost:80", ":80", "", "[]:80"};

START_TEST(address_without_a_port_is_refused)
{
    struct mc_addr addr;
    ck_assert_msg(!mc_addr_parse(mc_str_c(bad[_i]), &addr), "%s", bad[_i]);
}
END_TEST

Suite *test_addr_suite(void)
{
    Suite *suite = suite_create("addr");
    TCase *tc = tcase_create("all");
    tcase_add_loop_test(tc, literal_is_read_as_the_c_library_reads_it, 0, sizeof literals / sizeof *literals);
    tcase_add_test(tc, print_and_parse_are_inverse);
    tcase_add_test(tc, v4_is_mapped);
    tcase_add_loop_test(tc, address_without_a_port_is_refused, 0, sizeof bad / sizeof *bad);
    suite_add_tcase(suite, tc);
    return suite;
}
