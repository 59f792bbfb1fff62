#include "model/iommu/context.h"

#include <string>

#include "gtest/gtest.h"

namespace iovalab {
namespace {

const Format& F(absl::string_view name) {
  const Format* f = FindFormat(name);
  EXPECT_NE(f, nullptr) << std::string(name);
  return *f;
}

TEST(Context, WhichTablesTranslate) {
  DeviceContext context;
  EXPECT_EQ(ResolveContext(context, {}).reason, IommuFault::kNoContext);
  EXPECT_EQ(ResolveContext(context, {}).riscv_cause, 258u);
  context.kind = ContextKind::kBlocked;
  EXPECT_EQ(ResolveContext(context, {}).reason, IommuFault::kTypeBlocked);
  context.kind = ContextKind::kIdentity;
  EXPECT_EQ(ResolveContext(context, {}).reason, IommuFault::kNone);
  EXPECT_EQ(ResolveContext(context, {}).first.format, nullptr);
  context.kind = ContextKind::kTranslated;
  context.first = {&F("riscv39"), 0x1000};
  context.second = {&F("riscv39x4"), 0x4000};
  EXPECT_EQ(ResolveContext(context, {}).first.address, 0x1000u);
  EXPECT_EQ(ResolveContext(context, {}).second.address, 0x4000u);
  EXPECT_EQ(ResolveContext(context, {.pasid = 1}).riscv_cause, 260u);
  context.second.address = 0x5000;
  EXPECT_EQ(ResolveContext(context, {}).riscv_cause, 259u);
  context.second.address = 0x4000;
  context.has_processes = true;
  context.processes = {{.pasid = 1, .first = {&F("riscv48"), 0x2000}},
                       {.pasid = 2,
                        .supervisor = true,
                        .supervisor_may_user = true,
                        .first = {&F("riscv57"), 0x3000}}};
  EXPECT_EQ(ResolveContext(context, {}).first.format, nullptr) << "bare";
  EXPECT_EQ(ResolveContext(context, {.pasid = 1}).first.address, 0x2000u);
  EXPECT_EQ(
      ResolveContext(context, {.pasid = 1, .supervisor = true}).riscv_cause,
      260u);
  const ContextAnswer answer =
      ResolveContext(context, {.pasid = 2, .supervisor = true});
  EXPECT_TRUE(answer.request.supervisor);
  EXPECT_TRUE(answer.request.sum);
  EXPECT_EQ(ResolveContext(context, {.pasid = 3}).riscv_cause, 266u);
}

// What a process is by itself; and where a refusal was found, from which each
// family's code follows.
TEST(Context, KindsOfProcesses) {
  DeviceContext context;
  context.kind = ContextKind::kTranslated;
  context.second = {&F("vtd4"), 0x4000};
  EXPECT_EQ(ResolveContext(context, {.pasid = 1}).place, FaultPlace::kPasidDir);
  context.has_processes = true;
  context.processes = {{.pasid = 1},
                       {.pasid = 2, .kind = ContextKind::kIdentity},
                       {.pasid = 3, .kind = ContextKind::kBlocked}};
  EXPECT_EQ(ResolveContext(context, {.pasid = 1}).second.address, 0x4000u);
  EXPECT_FALSE(ResolveContext(context, {.pasid = 1}).identity());
  EXPECT_TRUE(ResolveContext(context, {.pasid = 2}).identity());
  for (const uint32_t pasid : {3, 4}) {
    const ContextAnswer answer = ResolveContext(context, {.pasid = pasid});
    EXPECT_EQ(answer.reason, IommuFault::kNoContext);
    EXPECT_EQ(answer.riscv_cause, 266u);
    EXPECT_EQ(answer.place, FaultPlace::kPasidContext);
  }
  EXPECT_FALSE(ResolveContext(context, {}).identity());
  context.kind = ContextKind::kIdentity;
  EXPECT_EQ(ResolveContext(context, {.pasid = 1}).riscv_cause, 260u);
}

}  // namespace
}  // namespace iovalab
