#include "lab/compare/narrative_iommu.h"

#include <gtest/gtest.h>

#include <string>

#include "model/event/kinds.h"
#include "model/iommu/fault.h"
#include "model/iommu/format.h"
#include "model/store/sink.h"
#include "model/store/stores.h"

namespace iovalab {
namespace {

struct Bench {
  Bench() {
    sink.SetCause(sink.Emit(Kind::kStep, Actor::kScript, Rule::kNone,
                            {sink.Intern("s"), sink.Intern("a step")}));
  }
  EventIndex Fault(FaultDialect dialect, IommuFault reason, uint64_t code,
                   bool reported, uint64_t pasid = UINT64_MAX) {
    return sink.Emit(
        Kind::kIommuFault, Actor::kIommu, Rule::kIommuWalk,
        {sink.Intern("dma"), 0x300000, kAccessWrite, sink.Intern("fmt"),
         static_cast<uint64_t>(reason), static_cast<uint64_t>(dialect), code, 2,
         0x9000, 0x0, 0x28, reported, 0, pasid});
  }
  Stores stores;
  Trace trace;
  Sink sink{&stores, &trace};
};

// The record of semantics.md 8.3: FI, SID 0x28, FR 5, F; T is 0 of a write.
TEST(NarrativeIommu, VtdsFaultWithItsRecordAndDmesg) {
  Bench b;
  EXPECT_EQ(IommuFaultLine(b.trace, b.Fault(FaultDialect::kVtdLegacy,
                                            IommuFault::kNotPresent, 5, true)),
            "IOMMU fmt refuses IOVA 0x300000: not_present, code 0x5, entry 0x0 "
            "of level 2\n"
            "  record: 0x0000000000300000 0x8000000500000028\n"
            "  dmesg: DMAR: [DMA Write NO_PASID] Request device [00:05.0] "
            "fault addr 0x300000 [fault reason 0x05] PTE Write access is not "
            "set");
}

// 32 bytes: cause, TTYP 3, DID; reserved; iotval; iotval2.
TEST(NarrativeIommu, RiscvsRecordHasFourWords) {
  Bench b;
  const std::string line = IommuFaultLine(
      b.trace,
      b.Fault(FaultDialect::kRiscv, IommuFault::kNotPresent, 15, true));
  EXPECT_NE(line.find("record: 0x0000280c0000000f 0x0000000000000000 "
                      "0x0000000000300000 0x0000000000000000"),
            std::string::npos)
      << line;
}

TEST(NarrativeIommu, WhatWasNotReportedHasNoRecord) {
  Bench b;
  const EventIndex i =
      b.Fault(FaultDialect::kVtdLegacy, IommuFault::kNotPresent, 5, false);
  EXPECT_EQ(IommuFaultLine(b.trace, i).find("record:"), std::string::npos);
  EXPECT_TRUE(IommuFaultDmesg(b.trace, i).empty());
}

TEST(NarrativeIommu, CountsWhatIsForgotten) {
  Bench b;
  const auto line = [&](uint64_t iotlb, uint64_t walk, uint64_t atc) {
    return InvalidatedLine(
        b.trace, b.sink.Emit(Kind::kInvalidated, Actor::kIommu,
                             Rule::kIommuInvalidated, {iotlb, walk, atc}));
  };
  EXPECT_EQ(line(0, 0, 0), "");
  EXPECT_EQ(line(1, 0, 0), "  the IOMMU forgets 1 cached translation");
  EXPECT_EQ(line(1, 2, 3), "  the IOMMU forgets 6 cached translations");
}

}  // namespace
}  // namespace iovalab
