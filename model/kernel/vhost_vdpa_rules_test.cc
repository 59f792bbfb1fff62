#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "model/kernel/vhost_vdpa.h"
#include "model/kernel/vhost_vdpa_testing.h"

namespace iovalab {
namespace {

// The last message of a list, what it answers, and the rule that decides it.
struct RuleCase {
  const char* what;
  std::vector<VdpaMsg> messages;
  Rule rule;
  int kernel_ret = 0;
  uint64_t entries = 0;
  int64_t pages = 0;
};

void Check(const char* device, const std::vector<RuleCase>& cases) {
  for (const RuleCase& c : cases) {
    SCOPED_TRACE(c.what);
    VdpaTestMachine m(device);
    m.v.memlock_limit_pages = 600;
    VdpaAnswer answer;
    for (const VdpaMsg& msg : c.messages) answer = m.Send(msg);
    EXPECT_EQ(answer.kernel_ret, c.kernel_ret);
    const bool size_zero = c.rule == Rule::kVdpaSizeZero;
    EXPECT_EQ(answer.user_ret, c.kernel_ret == 0 ? 0
                               : size_zero       ? -EINVAL
                                                 : -EFAULT);
    EXPECT_EQ(answer.entries, c.entries);
    EXPECT_EQ(answer.pages, c.pages);
    const EventIndex event = m.LastMessage();
    EXPECT_EQ(GetRule(m.trace.event(event).rule).name, GetRule(c.rule).name);
    const auto words = m.trace.words(event);
    EXPECT_EQ(static_cast<int64_t>(words[6]), answer.kernel_ret);
    EXPECT_EQ(static_cast<int64_t>(words[7]), answer.user_ret);
    EXPECT_EQ(words[8], c.entries);
    EXPECT_EQ(static_cast<int64_t>(words[9]), c.pages);
  }
}

TEST(VhostVdpa, RulesOfBothModes) {
  const VdpaMsg update{kUpdate, 0, 0x10000, 0x4000, kH, 3};
  const std::vector<RuleCase> cases = {
      {"size 0",
       {{kUpdate, 0, 0x1000, 0, kH, 3}},
       Rule::kVdpaSizeZero,
       -EINVAL},
      {"no address space",
       {{kInvalidate, 0, 0, kPage, 0, 0}},
       Rule::kVdpaAsid,
       -EINVAL},
      {"END without an address space",
       {{kEnd, 0, 0, 0, 0, 0}},
       Rule::kVdpaAsid,
       -EINVAL},
      {"asid too high",
       {{kUpdate, 1, 0x1000, kPage, kH, 3}},
       Rule::kVdpaAsid,
       -EINVAL},
      {"unknown type",
       {update, {static_cast<VdpaMsgType>(7), 0, 0, 1, 0, 0}},
       Rule::kVdpaType,
       -EINVAL},
      {"a device's type",
       {update, {VdpaMsgType::kMiss, 0, 0, 1, 0, 0}},
       Rule::kVdpaType,
       -EINVAL},
      {"wraps",
       {{kUpdate, 0, 0 - kPage, 2 * kPage, kH, 3}},
       Rule::kVdpaRange,
       -EINVAL},
      {"duplicate", {update, update}, Rule::kVdpaOverlap, -EEXIST},
      {"last byte touches",
       {update, {kUpdate, 0, 0x13fff, 1, kH, 3}},
       Rule::kVdpaOverlap,
       -EEXIST},
      {"overlap before user memory",
       {update, {kUpdate, 0, 0x10000, 1, 0, 3}},
       Rule::kVdpaOverlap,
       -EEXIST},
      {"invalidate nothing",
       {update, {kInvalidate, 0, 0x90000, 1, 0, 0}},
       Rule::kVdpaInvalidate},
      {"begin", {{kBegin, 0, 0, 0, 0, 0}}, Rule::kVdpaBatch},
      {"end without begin", {update, {kEnd, 0, 0, 0, 0, 0}}, Rule::kVdpaBatch},
  };
  Check("vdpa_sim_set_map_pa", cases);
  Check("vdpa_sim_set_map_va", cases);
}

TEST(VhostVdpa, RulesOfPaMode) {
  const VdpaMsg update{kUpdate, 0, 0x10000, 0x4000, kH, 3};
  Check("vdpa_sim_set_map_pa",
        {
            {"a contiguous run", {update}, Rule::kVdpaPaMap, 0, 1, 4},
            {"over the middle of H",
             {{kUpdate, 0, 0, 2 * kPage, kH + 2 * kMiB - kPage, 3}},
             Rule::kVdpaPaMap,
             0,
             2,
             2},
            {"scattered",
             {{kUpdate, 0, 0, 8 * kPage, kS, 3}},
             Rule::kVdpaPaMap,
             0,
             8,
             8},
            {"half pages are whole",
             {{kUpdate, 0, 0x1800, 0x1000, kH, 3}},
             Rule::kVdpaPaMap,
             0,
             1,
             2},
            {"private memory",
             {{kUpdate, 0, 0, 4 * kPage, kN, 3}},
             Rule::kVdpaPaMap,
             0,
             1,
             4},
            {"size wraps to no pages",
             {{kUpdate, 0, 0, kMax, kH, 3}},
             Rule::kVdpaPaZeroPages,
             -EINVAL},
            {"memlock",
             {update, {kUpdate, 0, kMiB, 597 * kPage, kH, 3}},
             Rule::kVdpaMemlock,
             -ENOMEM},
            {"memlock, just",
             {update, {kUpdate, 0, kMiB, 596 * kPage, kH, 3}},
             Rule::kVdpaPaMap,
             0,
             2,
             596},
            {"hole",
             {{kUpdate, 0, 0, kPage, kS + 8 * kPage, 3}},
             Rule::kVdpaPinFailed,
             -EFAULT},
            {"half a hole",
             {{kUpdate, 0, 0, 2 * kPage, kS + 7 * kPage, 3}},
             Rule::kVdpaPinFailed,
             -ENOMEM},
            {"a hole where a batch begins",
             {{kUpdate, 0, 0, 513 * kPage, kH + 2 * kMiB, 3}},
             Rule::kVdpaPinFailed,
             -EFAULT},
            {"PROT_NONE",
             {{kUpdate, 0, 0, kPage, kP, 1}},
             Rule::kVdpaPinFailed,
             -EFAULT},
            {"invalidate a byte",
             {update, {kInvalidate, 0, 0x12345, 1, 0, 0}},
             Rule::kVdpaInvalidate,
             0,
             1,
             -4},
            {"invalidate (0, 0)",
             {update, {kInvalidate, 0, 0, 0, 0, 0}},
             Rule::kVdpaInvalidateWrap,
             0,
             1,
             -4},
            {"size 0 inside",
             {update, {kInvalidate, 0, 0x11000, 0, 0, 0}},
             Rule::kVdpaInvalidateWrap,
             0,
             1,
             -4},
            {"size 0 at its start",
             {update, {kInvalidate, 0, 0x10000, 0, 0, 0}},
             Rule::kVdpaInvalidateWrap},
            {"wrapping around it",
             {update, {kInvalidate, 0, 0x12000, kMax, 0, 0}},
             Rule::kVdpaInvalidateWrap,
             0,
             1,
             -4},
        });
}

TEST(VhostVdpa, RulesOfVaMode) {
  const VdpaMsg update{kUpdate, 0, 0x10000, 0x4000, kH, 3};
  Check(
      "vdpa_sim_set_map_va",
      {
          {"one VMA",
           {{kUpdate, 0, 0, 8 * kPage, kS, 3}},
           Rule::kVdpaVaMap,
           0,
           1},
          {"bytes",
           {{kUpdate, 0, 0x1801, 1, kH + 0x801, 3}},
           Rule::kVdpaVaMap,
           0,
           1},
          {"two VMAs and the gap between",
           {{kUpdate, 0, 0, kS - kH + kPage, kH, 3}},
           Rule::kVdpaVaMap,
           0,
           2},
          {"private memory",
           {{kUpdate, 0, 0, 4 * kPage, kN, 3}},
           Rule::kVdpaVaSkipped},
          {"below all", {{kUpdate, 0, 0, kPage, 0, 3}}, Rule::kVdpaVaMap, 0, 1},
          {"above all",
           {{kUpdate, 0, kPage, kPage, kP + 2 * kPage, 3}},
           Rule::kVdpaVaNoVma,
           -EINVAL},
          {"runs out of VMAs",
           {{kUpdate, 0, 0, 1 << 30, kH, 3}},
           Rule::kVdpaVaNoVma,
           -EINVAL},
          {"no accounting",
           {update, {kUpdate, 0, kMiB, 600 * kPage, kH, 3}},
           Rule::kVdpaVaMap,
           0,
           1},
      });
}

}  // namespace
}  // namespace iovalab
