#include "model/store/delta.h"

#include "gtest/gtest.h"
#include "model/event/kinds.h"

namespace iovalab {
namespace {

constexpr StoreId kIotlb{StoreKind::kVhostIotlb, 3};

Delta ThreeSets() {
  Delta d;
  d.store = kIotlb;
  d.op = DeltaOp::kSet;
  d.entry = {0x1000, 0x1fff, 0x500000, 7, kPermRead, 0};
  d.old_target = 0x900000;
  d.old_tag = 8;
  d.old_perm = kPermReadWrite;
  d.count = 3;
  d.key_stride = 0x4000;
  d.target_stride = 0x10000;
  d.rule = Rule::kVdpaPaMap;
  return d;
}

void ExpectSame(const Delta& a, const Delta& b) {
  EXPECT_EQ(ToWords(a), ToWords(b));
  EXPECT_EQ(a.rule, b.rule);
}

TEST(DeltaTest, NthOfIsASingleChange) {
  const Delta last = NthOf(ThreeSets(), 2);
  EXPECT_EQ(last.entry.first, 0x9000u);
  EXPECT_EQ(last.entry.last, 0x9fffu);
  EXPECT_EQ(last.entry.target, 0x520000u);
  EXPECT_EQ(last.old_target, 0x920000u);
  EXPECT_EQ(last.count, 1u);
  EXPECT_EQ(WhyUnsound(last), "");
}

TEST(DeltaTest, InverseIsUndoneByItself) {
  for (const DeltaOp op : {DeltaOp::kAdd, DeltaOp::kDel, DeltaOp::kSet}) {
    Delta d = ThreeSets();
    d.op = op;
    ExpectSame(Inverse(Inverse(d)), d);
  }
}

TEST(DeltaTest, InverseOfASetPutsBackWhatWasThere) {
  const Delta undo = Inverse(ThreeSets());
  EXPECT_EQ(undo.op, DeltaOp::kSet);
  EXPECT_EQ(undo.entry.target, 0x900000u);
  EXPECT_EQ(undo.entry.tag, 8u);
  EXPECT_EQ(undo.entry.perm, kPermReadWrite);
  EXPECT_EQ(undo.old_target, 0x500000u);
  EXPECT_EQ(undo.entry.first, 0x1000u);
}

// The words are the fields of kDelta, by name.
TEST(DeltaTest, WordsStandWhereTheTableOfKindsSays) {
  const DeltaWords words = ToWords(ThreeSets());
  const auto fields = GetKind(Kind::kDelta).fields;
  ASSERT_EQ(words.size(), fields.size());
  const auto word = [&](absl::string_view name) {
    for (size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].name == name) return words[i];
    }
    ADD_FAILURE() << "no field " << name;
    return uint64_t{0};
  };
  EXPECT_EQ(word("store"), kIotlb.Pack());
  EXPECT_EQ(word("op"), 2u);
  EXPECT_EQ(word("first"), 0x1000u);
  EXPECT_EQ(word("last"), 0x1fffu);
  EXPECT_EQ(word("target"), 0x500000u);
  EXPECT_EQ(word("tag"), 7u);
  EXPECT_EQ(word("perm"), kPermRead);
  EXPECT_EQ(word("old_target"), 0x900000u);
  EXPECT_EQ(word("old_tag"), 8u);
  EXPECT_EQ(word("old_perm"), kPermReadWrite);
  EXPECT_EQ(word("count"), 3u);
  EXPECT_EQ(word("key_stride"), 0x4000u);
  EXPECT_EQ(word("target_stride"), 0x10000u);
  EXPECT_EQ(fields[kDeltaCount].name, "count");
  EXPECT_EQ(fields[kDeltaKeyStride].name, "key_stride");
  EXPECT_EQ(fields[kDeltaTargetStride].name, "target_stride");
}

TEST(DeltaTest, WordsRoundTripAndAreChecked) {
  const DeltaWords words = ToWords(ThreeSets());
  ExpectSame(*DeltaFromWords(words, Rule::kVdpaPaMap), ThreeSets());
  const struct {
    size_t field;
    uint64_t value;
  } bad[] = {{0, 0xff},
             {0, StoreId{StoreKind::kPins, 0}.Pack() | 1u << 8},
             {1, 3},
             {6, 1ull << 32},
             {9, 1ull << 32}};
  for (const auto& [field, value] : bad) {
    DeltaWords changed = words;
    changed[field] = value;
    EXPECT_FALSE(DeltaFromWords(changed, Rule::kNone).has_value()) << field;
  }
  EXPECT_FALSE(DeltaFromWords({}, Rule::kNone).has_value());
}

TEST(DeltaTest, SaysWhyItIsUnsound) {
  EXPECT_EQ(WhyUnsound(ThreeSets()), "");
  Delta whole;
  whole.entry.last = UINT64_MAX;
  EXPECT_EQ(WhyUnsound(whole), "");

  Delta d = ThreeSets();
  d.entry.last = 0xfff;
  EXPECT_EQ(WhyUnsound(d), "the entry's last key is below its first");
  d = ThreeSets();
  d.count = 0;
  EXPECT_EQ(WhyUnsound(d), "the count is 0");
  d.count = 1;
  EXPECT_EQ(WhyUnsound(d), "a single change has a stride");
  d = ThreeSets();
  d.key_stride = 0xfff;
  EXPECT_EQ(WhyUnsound(d), "the stride is no longer than an entry");
  d.key_stride = 0x1000;
  EXPECT_EQ(WhyUnsound(d), "");
  // The last page of the space, and one past it.
  d.count = (uint64_t{1} << 52) - 1;
  EXPECT_EQ(WhyUnsound(d), "");
  ++d.count;
  EXPECT_EQ(WhyUnsound(d), "the run passes 2^64");
}

}  // namespace
}  // namespace iovalab
