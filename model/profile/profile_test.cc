#include <gtest/gtest.h>

#include "model/profile/device_profile.h"
#include "model/profile/kernel_profile.h"

namespace iovalab {
namespace {

TEST(Profiles, EachIsFoundByItsName) {
  for (const KernelProfile& k : KernelProfiles()) {
    EXPECT_EQ(FindKernelProfile(k.name), &k);
    EXPECT_FALSE(k.source.empty());
  }
  for (const DeviceProfile& d : DeviceProfiles()) {
    EXPECT_EQ(FindDeviceProfile(d.name), &d);
    EXPECT_FALSE(d.source.empty());
    EXPECT_LE(d.iova_first, d.iova_last);
    EXPECT_GE(d.address_spaces, 1u);
  }
  EXPECT_EQ(FindKernelProfile("v9"), nullptr);
  EXPECT_EQ(FindDeviceProfile(""), nullptr);
}

// A release that begins another's would be taken for it.
TEST(Profiles, ReleasesAreNoPrefixesOfEachOther) {
  for (const KernelProfile& a : KernelProfiles()) {
    for (const KernelProfile& b : KernelProfiles()) {
      if (&a == &b) continue;
      EXPECT_NE(b.release.substr(0, a.release.size()), a.release);
    }
  }
}

}  // namespace
}  // namespace iovalab
