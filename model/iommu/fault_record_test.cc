#include "model/iommu/fault_record.h"

#include "gtest/gtest.h"
#include "sim/random.h"

namespace iovalab {
namespace {

using A = FaultAccess;
using D = FaultDialect;
using R = IommuFault;

// Recorded: q35-2g-vtd-linux, vtd_frr_new index 0 high 0x40ffff0600000028 low
// 0x3cafe1000 for a read at 0x3cafe1010 by 00:05.0.
TEST(FaultRecord, VtdAsRecorded) {
  auto fault =
      MakeFault(D::kVtdLegacy, {R::kNotPresent, A::kRead}, 0x28, 0x3cafe1010);
  const FaultRecord record = ToRecord(*fault, {.vtd_no_pasid = 0xffff});
  EXPECT_EQ(record.size, 16);
  EXPECT_EQ(record.words[0], 0x3cafe1000u);
  EXPECT_EQ(record.words[1], 0x40ffff0600000028u | kVtdRecordValid);
  const auto back = FromRecord(D::kVtdLegacy, record);
  fault->address = 0x3cafe1000;
  EXPECT_EQ(back, fault);
  // A register that software has cleared holds no fault.
  FaultRecord cleared = record;
  cleared.words[1] &= ~kVtdRecordValid;
  EXPECT_FALSE(FromRecord(D::kVtdLegacy, cleared).has_value());
}

TEST(FaultRecord, VtdFields) {
  auto fault =
      MakeFault(D::kVtdScalable, {R::kNotPresent, A::kWrite, 2}, 0x0108, ~0ull);
  fault->has_pasid = true;
  fault->pasid = 0xabcde;
  const FaultRecord record = ToRecord(*fault);
  EXPECT_EQ(record.words[0], 0xfffffffffffff000u);
  EXPECT_EQ(record.words[1], 0x8abcde7980000108u);
  const auto bytes = record.Bytes();
  EXPECT_EQ(bytes[8], 0x08);
  EXPECT_EQ(bytes[15], 0x8a);
}

// Words worked out from RISC-V IOMMU 1.0 figure 25.
TEST(FaultRecord, Riscv) {
  auto fault = MakeFault(D::kRiscv, {R::kNotPresent, A::kWrite, 2}, 0x123456,
                         0x80001234);
  fault->has_pasid = true;
  fault->pasid = 0x7;
  fault->privileged = true;
  fault->second = 0x90000000;
  fault->implicit = true;
  const FaultRecord record = ToRecord(*fault);
  EXPECT_EQ(record.size, 32);
  EXPECT_EQ(record.words[0], 0x1234560f00007017u);
  EXPECT_EQ(record.words[1], 0u);
  EXPECT_EQ(record.words[2], 0x80001234u);
  EXPECT_EQ(record.words[3], 0x90000001u);
  FaultRecord ats = record;
  ats.words[0] = (ats.words[0] & ~(uint64_t{0x3f} << 34)) | uint64_t{8} << 34;
  EXPECT_FALSE(FromRecord(D::kRiscv, ats).has_value());
}

TEST(FaultRecord, Smmu) {
  auto fault =
      MakeFault(D::kSmmuV3, {R::kPermission, A::kRead, 2}, 0x28, 0xdead0010);
  fault->second = 0x40001000;
  const FaultRecord record = ToRecord(*fault);
  EXPECT_EQ(record.words[0], 0x0000002800000013u);
  EXPECT_EQ(record.words[1], 0x0000028800000000u);
  EXPECT_EQ(record.words[2], 0xdead0010u);
  EXPECT_EQ(record.words[3], 0x40001000u);
}

// Logged by a Linux 5.17 user: a write to a page that forbids it has flags
// 0x0070, a read of nothing 0x0000.
TEST(FaultRecord, Amd) {
  auto fault =
      MakeFault(D::kAmd, {R::kPermission, A::kWrite}, 0x400, 0x10b4c0000);
  fault->domain = 7;
  FaultRecord record = ToRecord(*fault);
  EXPECT_EQ(record.words[0], 0x2070000700000400u);
  EXPECT_EQ(record.words[1], 0x10b4c0000u);
  fault = MakeFault(D::kAmd, {R::kNotPresent, A::kRead}, 0x28, 0xdead0000);
  EXPECT_EQ(AmdFaultFlags(*fault), 0u);
}

TEST(FaultRecord, S390HasNone) {
  const auto fault = MakeFault(D::kS390, {R::kNotPresent, A::kRead}, 1, 0);
  EXPECT_EQ(ToRecord(*fault).size, 0);
  EXPECT_FALSE(FromRecord(D::kS390, {}).has_value());
}

// Any bytes are a record or are not; what is one writes the same bytes again,
// less the fields that nobody reads.
TEST(FaultRecord, RandomBytes) {
  sim::Random random(4, 5);
  int faults = 0;
  for (int i = 0; i < 200000; ++i) {
    const D dialect = static_cast<D>(random.Below(kFaultDialects));
    FaultRecord record;
    for (uint64_t& word : record.words) word = random.Next64();
    if (random.Chance(1, 2)) {  // a code that exists
      const auto rows = FaultRows();
      const uint64_t code = rows[random.Below(rows.size())].code;
      if (dialect <= D::kVtdScalable) {
        record.words[1] &= ~(uint64_t{0xff} << 32);
        record.words[1] |= code << 32;
      } else {
        record.words[0] = (record.words[0] & ~uint64_t{0xfff}) | code;
      }
    }
    const auto fault = FromRecord(dialect, record);
    if (!fault.has_value()) continue;
    ++faults;
    const auto again = FromRecord(dialect, ToRecord(*fault));
    ASSERT_TRUE(again.has_value());
    DmaFault expected = *fault;
    if (dialect == D::kRiscv && !expected.has_pasid) {
      expected.privileged = false;
    }
    if (dialect == D::kSmmuV3) expected.second &= 0xffffffffff000;
    EXPECT_EQ(*again, expected) << FaultDialectName(dialect) << " " << i;
  }
  EXPECT_GT(faults, 10000);
}

}  // namespace
}  // namespace iovalab
