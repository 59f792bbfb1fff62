#include "model/iommu/fault.h"

#include <set>
#include <utility>

#include "gtest/gtest.h"
#include "model/iommu/format.h"

namespace iovalab {
namespace {

using A = FaultAccess;
using D = FaultDialect;
using P = FaultPlace;
using R = IommuFault;

struct Case {
  D dialect;
  FaultCause cause;
  int code;  // -1: the hardware has no such fault
};

TEST(FaultCode, TableOfTheSpecification) {
  const Case cases[] = {
      // Recorded: q35-2g-vtd-linux, an address that nothing maps.
      {D::kVtdLegacy, {R::kNotPresent, A::kRead}, 6},
      {D::kVtdLegacy, {R::kNotPresent, A::kWrite}, 5},
      // No present bit: missing and forbidden are one.
      {D::kVtdLegacy, {R::kPermission, A::kRead}, 6},
      {D::kVtdLegacy, {R::kPermission, A::kWrite}, 5},
      {D::kVtdLegacy, {R::kInputWidth, A::kWrite}, 4},
      {D::kVtdLegacy, {R::kNoContext, A::kRead, 2, P::kRoot}, 1},
      {D::kVtdLegacy, {R::kNoContext, A::kRead, 2, P::kContext}, 2},
      {D::kVtdLegacy, {R::kTableFetch, A::kRead}, 7},
      {D::kVtdLegacy, {R::kTableFetch, A::kRead, 2, P::kRoot}, 8},
      {D::kVtdLegacy, {R::kTableFetch, A::kRead, 2, P::kContext}, 9},
      {D::kVtdLegacy, {R::kReservedBits, A::kRead, 2, P::kRoot}, 0xA},
      {D::kVtdLegacy, {R::kReservedBits, A::kRead, 2, P::kContext}, 0xB},
      {D::kVtdLegacy, {R::kReservedBits, A::kRead}, 0xC},
      {D::kVtdLegacy, {R::kTypeBlocked, A::kRead, 2, P::kContext}, 0xD},
      {D::kVtdLegacy, {R::kTypeBlocked, A::kRead, 2, P::kPasidDir}, 0x31},
      {D::kVtdScalable, {R::kNoContext, A::kRead, 2, P::kPasidDir}, 0x51},
      {D::kVtdScalable, {R::kTypeBlocked, A::kRead, 2, P::kPasidDir}, 0x51},
      {D::kSmmuV3, {R::kTypeBlocked, A::kRead, 2, P::kPasidDir}, 8},
      {D::kRiscv, {R::kTypeBlocked, A::kRead, 2, P::kPasidDir}, 260},
      {D::kRiscv, {R::kTypeBlocked, A::kRead, 2, P::kRoot}, 256},
      {D::kRiscv, {R::kNoContext, A::kRead, 2, P::kPasidContext}, 266},
      {D::kAmd, {R::kTypeBlocked, A::kRead, 2, P::kRoot}, 2},
      {D::kS390, {R::kNoContext, A::kRead, 2, P::kContext}, -1},
      {D::kVtdLegacy, {R::kAccessFlag, A::kRead}, -1},
      {D::kVtdScalable, {R::kNotPresent, A::kRead, 1}, 0x71},
      {D::kVtdScalable, {R::kNotPresent, A::kRead, 2}, 0x79},
      {D::kVtdScalable, {R::kPermission, A::kWrite, 1}, 0x85},
      {D::kVtdScalable, {R::kPermission, A::kRead, 1}, 0x86},
      {D::kVtdScalable, {R::kPermission, A::kWrite, 2}, 0x79},
      {D::kVtdScalable, {R::kTableFetch, A::kRead, 2, P::kPasidDir}, 0x50},
      {D::kVtdScalable, {R::kNoContext, A::kRead, 2, P::kPasidContext}, 0x59},
      {D::kAmd, {R::kNotPresent, A::kRead}, 2},
      {D::kAmd, {R::kPermission, A::kWrite}, 2},
      {D::kAmd, {R::kNoContext, A::kRead, 2, P::kContext}, 1},
      {D::kAmd, {R::kTableFetch, A::kRead, 2, P::kContext}, 3},
      {D::kAmd, {R::kTableFetch, A::kRead}, 4},
      {D::kAmd, {R::kReservedBits, A::kRead}, 4},
      {D::kSmmuV3, {R::kNotPresent, A::kRead}, 0x10},
      {D::kSmmuV3, {R::kInputWidth, A::kRead}, 0x10},
      {D::kSmmuV3, {R::kAccessFlag, A::kRead}, 0x12},
      {D::kSmmuV3, {R::kPermission, A::kWrite}, 0x13},
      {D::kSmmuV3, {R::kTableFetch, A::kRead}, 0x0B},
      {D::kSmmuV3, {R::kReservedBits, A::kRead, 2, P::kContext}, 4},
      // Recorded: R-riscv-iommu, causes by stage and access.
      {D::kRiscv, {R::kNotPresent, A::kExecute, 1}, 12},
      {D::kRiscv, {R::kNotPresent, A::kRead, 1}, 13},
      {D::kRiscv, {R::kPermission, A::kWrite, 1}, 15},
      {D::kRiscv, {R::kAccessFlag, A::kExecute, 2}, 20},
      {D::kRiscv, {R::kReservedBits, A::kRead, 2}, 21},
      {D::kRiscv, {R::kInputWidth, A::kWrite, 2}, 23},
      {D::kRiscv, {R::kTableFetch, A::kExecute}, 1},
      {D::kRiscv, {R::kTableFetch, A::kRead}, 5},
      {D::kRiscv, {R::kTableFetch, A::kWrite}, 7},
      {D::kRiscv, {R::kReservedBits, A::kRead, 2, P::kContext}, 259},
      {D::kRiscv, {R::kTypeBlocked, A::kRead, 2, P::kContext}, 260},
      {D::kRiscv, {R::kTableCorrupt, A::kRead}, 274},
      {D::kVtdLegacy, {R::kTableCorrupt, A::kRead}, 7},
      {D::kVtdLegacy, {R::kOutputWidth, A::kRead}, 0xC},
      {D::kSmmuV3, {R::kOutputWidth, A::kRead}, 0x11},
      {D::kAmd, {R::kOutputWidth, A::kRead}, 4},
      {D::kRiscv, {R::kNone, A::kRead}, -1},
      {D::kS390, {R::kInputWidth, A::kRead}, 2},
      {D::kS390, {R::kNotPresent, A::kRead}, 7},
      {D::kS390, {R::kPermission, A::kWrite}, 4},
      {D::kS390, {R::kTableFetch, A::kRead}, 8},
      {D::kS390, {R::kAccessFlag, A::kRead}, -1},
  };
  for (const Case& c : cases) {
    const auto code = FaultCode(c.dialect, c.cause);
    EXPECT_EQ(code.has_value() ? *code : -1, c.code)
        << FaultDialectName(c.dialect) << " " << IommuFaultName(c.cause.reason);
  }
}

// The families' own tables (those of page walks) say the same.
TEST(FaultCode, AsTheFormats) {
  const auto dialect_of = [](Family family) {
    switch (family) {
      case Family::kAmdV1:
        return D::kAmd;
      case Family::kLpaeS1:
      case Family::kLpaeS2:
        return D::kSmmuV3;
      case Family::kS390:
        return D::kS390;
      case Family::kRiscvS:
      case Family::kRiscvG:
        return D::kRiscv;
      default:
        return D::kVtdLegacy;
    }
  };
  const uint32_t bits[] = {kAccessRead, kAccessWrite, kAccessExec};
  int compared = 0;
  for (const Format& f : Formats()) {
    if (f.family == Family::kToy) continue;
    const bool first =
        f.family == Family::kRiscvS || f.family == Family::kLpaeS1;
    for (int r = 1; r < kIommuFaults; ++r) {
      for (int a = 0; a < kFaultAccesses; ++a) {
        const FaultCause cause = {static_cast<R>(r), static_cast<A>(a),
                                  static_cast<uint8_t>(first ? 1 : 2),
                                  P::kPages};
        EXPECT_EQ(FaultCode(dialect_of(f.family), cause).value_or(0),
                  f.ops->fault_code(cause.reason, bits[a]))
            << f.name << " " << IommuFaultName(cause.reason) << " " << a;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 200);
}

TEST(FaultRows, OneRowACodeAndRoomInTheRecord) {
  const int bits[kFaultDialects] = {8, 8, 4, 8, 12, 8};
  std::set<std::pair<D, int>> seen;
  for (const FaultRowInfo& row : FaultRows()) {
    EXPECT_TRUE(seen.insert({row.dialect, row.code}).second) << row.name;
    EXPECT_EQ(row.code >> bits[static_cast<int>(row.dialect)], 0) << row.name;
    EXPECT_EQ(FaultRow(row.dialect, row.code), &row) << row.name;
    const bool vtd = row.dialect <= D::kVtdScalable;
    EXPECT_EQ(vtd, !row.phrase.empty()) << row.name;
  }
  EXPECT_EQ(FaultRow(D::kVtdLegacy, 0x7f), nullptr);
}

TEST(FaultRows, ACodeFitsItsCause) {
  int made = 0;
  for (int d = 0; d < kFaultDialects; ++d) {
    for (int r = 0; r < kIommuFaults; ++r) {
      for (int a = 0; a < kFaultAccesses; ++a) {
        for (int p = 0; p < kFaultPlaces; ++p) {
          for (const uint8_t stage : {1, 2}) {
            const FaultCause cause = {static_cast<R>(r), static_cast<A>(a),
                                      stage, static_cast<P>(p)};
            const auto fault =
                MakeFault(static_cast<D>(d), cause, 0x28, 0x1000);
            if (!fault.has_value()) continue;
            const FaultRowInfo& row = *FaultRow(fault->dialect, fault->code);
            EXPECT_NE(row.accesses >> a & 1, 0) << row.name;
            EXPECT_NE(row.stages >> (stage - 1) & 1, 0) << row.name;
            EXPECT_NE(row.places >> p & 1, 0) << row.name;
            ++made;
          }
        }
      }
    }
  }
  EXPECT_GT(made, 1000);
}

}  // namespace
}  // namespace iovalab
