#include "model/oracle/ledger.h"

#include "gtest/gtest.h"
#include "model/oracle/guest_view.h"

namespace iovalab {
namespace {

GuestSpan Span(uint64_t gpa, uint64_t size) {
  return {.section_gpa = gpa, .gpa = gpa, .size_minus_1 = size - 1};
}

TEST(Ledger, TheLaterGrantOwnsAnIova) {
  Ledger ledger;
  EXPECT_EQ(ledger.OwnerOf(0x1000), nullptr);
  const uint32_t a = ledger.AddSection(Span(0x0, 0x3000), 0x1000, true);
  const uint32_t b = ledger.AddSection(Span(0x8000, 0x1000), 0x2000, true);
  EXPECT_EQ(ledger.OwnerOf(0x1000), &ledger.owner(a));
  EXPECT_EQ(ledger.OwnerOf(0x2fff), &ledger.owner(b));
  EXPECT_EQ(ledger.OwnerOf(0x3000), &ledger.owner(a));
  EXPECT_EQ(ledger.OwnerOf(0x4000), nullptr);
  // Gone, it still was the last.
  EXPECT_EQ(ledger.DropSection(0x8000), b);
  EXPECT_FALSE(ledger.OwnerOf(0x2000)->live);
  EXPECT_EQ(ledger.DropSection(0x8000), std::nullopt);
}

TEST(Ledger, RefusedOwnersOwnNoIova) {
  Ledger ledger;
  const uint32_t kernel = ledger.AddSection(Span(0x0, 0x1000), 0x1000, false);
  EXPECT_EQ(ledger.OwnerOf(0x1000), nullptr);
  EXPECT_EQ(ledger.ChosenFor(0x1000), &ledger.owner(kernel));
  const uint32_t none =
      ledger.AddSection(Span(0x1000, 0x1000), std::nullopt, false);
  EXPECT_EQ(ledger.ChosenFor(0x0), nullptr);
  EXPECT_EQ(ledger.SectionAt(0x1000), &ledger.owner(none));
  EXPECT_EQ(ledger.SectionAt(0x1800), nullptr);
}

TEST(Ledger, ABufferMappedTwice) {
  Ledger ledger;
  const HostSpan ring{0x7000, 0xfff};
  const uint32_t a = ledger.AddHost(ring, 0x1000);
  const uint32_t b = ledger.AddHost(ring, 0x2000);
  const uint32_t c = ledger.AddHost(ring, 0x3000);
  EXPECT_EQ(ledger.DropHost(0x7000, 0x2000), b);
  // The VMM found none: the oldest is meant.
  EXPECT_EQ(ledger.DropHost(0x7000, std::nullopt), a);
  int live = 0;
  ledger.ForEachLive([&](const Owner& owner) {
    ++live;
    EXPECT_EQ(&owner, &ledger.owner(c));
  });
  EXPECT_EQ(live, 1);
  EXPECT_EQ(ledger.DropHost(0x7000, 0x9000), c);
  EXPECT_EQ(ledger.DropHost(0x7000, 0x3000), std::nullopt);
}

TEST(Ledger, SettlesWhenAnOperationIsOver) {
  Ledger ledger;
  const uint32_t a = ledger.AddSection(Span(0x0, 0x1000), 0x1000, true);
  EXPECT_TRUE(ledger.owner(a).arriving);
  ledger.Settle();
  EXPECT_FALSE(ledger.owner(a).arriving);
  ledger.DropSection(0x0);
  EXPECT_TRUE(ledger.owner(a).leaving);
  EXPECT_FALSE(ledger.owner(a).live);
  ledger.Settle();
  EXPECT_FALSE(ledger.owner(a).leaving);
}

Entry Section(uint64_t first, uint64_t last, uint64_t hva,
              uint32_t perm = kPermReadWrite) {
  Entry e;
  e.first = first;
  e.last = last;
  e.target = hva;
  e.perm = perm;
  return e;
}

TEST(GuestView, ShowsAcrossSectionsThatContinue) {
  GuestView guest;
  guest.Begin({}, {Section(0x1000, 0x1fff, 0x7000),
                   Section(0x2000, 0x2fff, 0x8000, kPermRead),
                   Section(0x3000, UINT64_MAX, 0x20000)});
  guest.End();
  EXPECT_TRUE(guest.Shows(0x1800, 0x7800, 0x1800));
  EXPECT_FALSE(guest.Shows(0x1800, 0x7801, 0x10));
  EXPECT_FALSE(guest.Shows(0x1800, 0x7800, 0x1801)) << "into other memory";
  EXPECT_FALSE(guest.Shows(0x0, 0x6000, 0x10));
  EXPECT_TRUE(guest.Shows(UINT64_MAX, 0x20000 + (UINT64_MAX - 0x3000), 1));
  EXPECT_TRUE(guest.Allows(0x1000, 0x7000, kPermWrite));
  EXPECT_FALSE(guest.Allows(0x2000, 0x8000, kPermWrite));
  EXPECT_TRUE(guest.Allows(0x2000, 0x8000, kPermRead));
  EXPECT_FALSE(guest.Allows(0x2000, 0x8001, kPermRead));
}

// While a transaction is under way either view will do for what arrives, and
// both are needed to complain of what does not.
TEST(GuestView, DuringATransaction) {
  GuestView guest;
  guest.Begin({}, {Section(0x1000, 0x1fff, 0x7000)});
  guest.End();
  guest.Begin(
      {Section(0x1000, 0x1fff, 0x7000)},
      {Section(0x1000, 0x1fff, 0x9000), Section(0x4000, 0x4fff, 0xa000)});
  EXPECT_TRUE(guest.Shows(0x1000, 0x7000, 1));
  EXPECT_TRUE(guest.Shows(0x1000, 0x9000, 1));
  EXPECT_FALSE(guest.Allows(0x1000, 0x7000, kPermRead));
  EXPECT_FALSE(guest.Allows(0x4000, 0xa000, kPermRead)) << "too early";
  guest.End();
  EXPECT_FALSE(guest.Shows(0x1000, 0x7000, 1));
  EXPECT_TRUE(guest.Allows(0x4000, 0xa000, kPermRead));
}

// One IOVA may be granted in several address spaces.
TEST(Ledger, AddressSpacesAreApart) {
  Ledger ledger;
  const uint32_t a = ledger.AddSection(Span(0x0, 0x3000), 0x1000, true);
  const uint32_t b =
      ledger.AddHost({0x7000, 0xfff, kPermRead, /*asid=*/1}, 0x2000);
  EXPECT_EQ(ledger.OwnerOf(0x2000), &ledger.owner(a));
  EXPECT_EQ(ledger.OwnerOf(0x2000, 1), &ledger.owner(b));
  EXPECT_EQ(ledger.OwnerOf(0x1000, 1), nullptr);
  EXPECT_EQ(ledger.ChosenIn(0, 0x2000), &ledger.owner(a));
  EXPECT_EQ(ledger.ChosenFor(0x2000), &ledger.owner(b)) << "the latest";
  EXPECT_EQ(ledger.ChosenFor(0x1000, 1), nullptr);
  // What is mapped for a queue, by HVA.
  EXPECT_EQ(ledger.HostAt(0x7fff, 1, kPermRead), &ledger.owner(b));
  EXPECT_EQ(ledger.HostAt(0x7fff, 1, kPermWrite), nullptr);
  EXPECT_EQ(ledger.HostAt(0x7fff, 0, kPermRead), nullptr);
  EXPECT_EQ(ledger.HostAt(0x8000, 1, kPermRead), nullptr);
  EXPECT_EQ(ledger.HostAt(0x6fff, 1, kPermRead), nullptr);
  ledger.DropHostsIn(0x0, UINT64_MAX);
  EXPECT_TRUE(ledger.OwnerOf(0x2000, 1)->live) << "not of space 0";
}

TEST(Ledger, ASectionAddedTwice) {
  Ledger ledger;
  const uint32_t a = ledger.AddSection(Span(0x0, 0x1000), 0x1000, true);
  // Refused, it changes nothing; else both are the section's.
  EXPECT_EQ(ledger.AddSection(Span(0x0, 0x1000), std::nullopt, false), a);
  const uint32_t b = ledger.AddSection(Span(0x0, 0x1000), 0x5000, true);
  EXPECT_TRUE(ledger.owner(a).live);
  EXPECT_EQ(ledger.DropSection(0x0), b);
  EXPECT_FALSE(ledger.owner(a).live || ledger.owner(b).live);
}

}  // namespace
}  // namespace iovalab
