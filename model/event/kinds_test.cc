#include "model/event/kinds.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace iovalab {
namespace {

constexpr auto kKinds = static_cast<size_t>(Kind::kCount);

// Names stand in text traces without quotes.
bool IsWord(absl::string_view name) {
  return !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

TEST(KindsTest, EveryKindIsFoundByItsName) {
  std::set<std::string> names;
  for (size_t k = 0; k < kKinds; ++k) {
    const KindInfo& info = GetKind(static_cast<Kind>(k));
    EXPECT_EQ(info.kind, static_cast<Kind>(k));
    EXPECT_EQ(KindByName(info.name), info.kind);
    EXPECT_TRUE(IsWord(info.name)) << info.name;
    EXPECT_FALSE(info.says.empty()) << info.name;
    EXPECT_TRUE(names.insert(std::string(info.name)).second) << info.name;
  }
  EXPECT_FALSE(KindByName("").has_value());
  EXPECT_FALSE(KindByName("steps").has_value());
}

TEST(KindsTest, FieldsOfAKindHaveNamesOfTheirOwn) {
  for (size_t k = 0; k < kKinds; ++k) {
    const KindInfo& info = GetKind(static_cast<Kind>(k));
    // The line of an event never ends with its kind.
    ASSERT_FALSE(info.fields.empty()) << info.name;
    std::set<std::string> names;
    for (const FieldInfo& field : info.fields) {
      EXPECT_TRUE(IsWord(field.name)) << info.name << "." << field.name;
      EXPECT_TRUE(names.insert(std::string(field.name)).second)
          << info.name << "." << field.name;
    }
  }
}

TEST(KindsTest, EnumFieldsHaveValuesAndOthersHaveNone) {
  for (size_t k = 0; k < kKinds; ++k) {
    for (const FieldInfo& field : GetKind(static_cast<Kind>(k)).fields) {
      EXPECT_EQ(field.type == FieldType::kEnum, !field.values.empty())
          << field.name;
      const std::set<absl::string_view> values(field.values.begin(),
                                               field.values.end());
      EXPECT_EQ(values.size(), field.values.size()) << field.name;
    }
  }
}

TEST(KindsTest, OptionalReferencesAreAbsentAsNone) {
  for (size_t k = 0; k < kKinds; ++k) {
    for (const FieldInfo& field : GetKind(static_cast<Kind>(k)).fields) {
      if (!field.optional) continue;
      if (field.type == FieldType::kEvent) {
        EXPECT_EQ(field.absent, kNoEvent) << field.name;
      }
      if (field.type == FieldType::kName) {
        EXPECT_EQ(field.absent, kNoName) << field.name;
      }
    }
  }
}

TEST(KindsTest, AStepsLabelIsAName) {
  EXPECT_EQ(GetKind(Kind::kStep).fields[kStepLabel].type, FieldType::kName);
}

TEST(KindsTest, ActorsAreFoundByTheirNames) {
  for (size_t a = 0; a < static_cast<size_t>(Actor::kCount); ++a) {
    const auto actor = static_cast<Actor>(a);
    EXPECT_TRUE(IsWord(ActorName(actor)));
    EXPECT_EQ(ActorByName(ActorName(actor)), actor);
  }
  EXPECT_FALSE(ActorByName("vm").has_value());
}

TEST(KindsTest, ClassesVerdictsAndEndsAsUsersReadThem) {
  EXPECT_EQ(Name(AccessClass::kSilentCorrupt), "SILENT_CORRUPT");
  EXPECT_EQ(Name(AccessClass::kLostLog), "LOST_LOG");
  EXPECT_EQ(Name(Ended::kBound), "BOUND");
  EXPECT_EQ(Name(Verdict::kUnsafe), "UNSAFE");
  // As in the kernel's uapi: VHOST_IOTLB_UPDATE 2, VHOST_IOTLB_INVALIDATE 3.
  EXPECT_EQ(static_cast<int>(VdpaMsgType::kUpdate), 2);
  EXPECT_EQ(Name(VdpaMsgType::kInvalidate), "INVALIDATE");
  EXPECT_EQ(Name(FaultReason::kUserMemory), "user_memory");
}

TEST(KindsTest, ErrnosByName) {
  EXPECT_EQ(ErrnoName(0), "0");
  EXPECT_EQ(ErrnoName(-EINVAL), "-EINVAL");
  EXPECT_EQ(ErrnoName(EINVAL), "");
  EXPECT_EQ(ErrnoName(-100000), "");
  EXPECT_EQ(ErrnoByName("-ENOSPC"), -ENOSPC);
  EXPECT_EQ(ErrnoByName("0"), 0);
  EXPECT_FALSE(ErrnoByName("-ENOSUCH").has_value());
  EXPECT_FALSE(ErrnoByName("").has_value());
}

}  // namespace
}  // namespace iovalab
