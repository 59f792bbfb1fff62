// Host memory that no format can address: more than one place of a scenario
// decides, so that testdata/bad cannot say it. Leaves:
// testdata/bad/iommu.cases.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lab/scenario/scenario_load.h"

namespace iovalab {
namespace {

std::string Axis(absl::string_view name, const std::vector<const char*>& of) {
  if (of.empty()) return "";
  std::string text = absl::StrCat("axis { name: '", name, "'");
  for (const char* value : of) absl::StrAppend(&text, " value: '", value, "'");
  return absl::StrCat(text, " }\n");
}

struct Case {
  std::vector<const char*> backends, formats;  // empty: the axis is not there
  const char* physical;
  const char* says;  // after "F:3: "; "": it loads
};

constexpr char k4GiB[] =
    "physical { offset { first: 0 last: 0xffff } hpa: 0x100000000 }";
constexpr char kAcross[] =
    "physical { offset { first: 0 last: 0xffff } chunk: 0x1000 "
    "hpa: 0xfff10000 stride: 0x10000 }";
constexpr char kBelow[] =
    "physical { offset { first: 0 last: 0xffff } chunk: 0x1000 "
    "hpa: 0xfff0f000 stride: 0x10000 }";
constexpr char k48Bits[] =
    "physical { offset { first: 0 last: 0xffff } hpa: 0x1000000000000 }";
constexpr char kPlatform[] = "vdpa_platform_iommu";
constexpr char kPa[] = "vdpa_set_map_pa";

TEST(CheckFormats, HostMemoryThatNoFormatAddresses) {
  const Case cases[] = {
      {{kPlatform},
       {"toy"},
       k4GiB,
       "ram_block[0].physical[0].hpa: the run ends at 0x10000ffff; format toy "
       "addresses host memory no further than 0xffffffff"},
      // The last chunk decides.
      {{kPlatform},
       {"toy"},
       kAcross,
       "ram_block[0].physical[0].hpa: the run ends at 0x100000fff; format toy "
       "addresses host memory no further than 0xffffffff"},
      {{kPlatform}, {"toy"}, kBelow, ""},
      {{kPlatform},
       {"toy"},
       "",
       "ram_block[0]: without `physical` it ends at host address 0x10000ffff; "
       "format toy addresses host memory no further than 0xffffffff; give an "
       "hpa"},
      {{kPlatform},
       {"toy", "lpae_s2"},
       k48Bits,
       "ram_block[0].physical[0].hpa: the run ends at 0x100000000ffff; format "
       "lpae_s2 addresses host memory up to 0xffffffffffff, the others of the "
       "axis no more"},
      // Where one addresses it, the others' -ERANGE may be what is shown.
      {{kPlatform}, {"toy", "lpae_s2", "vtd3"}, k48Bits, ""},
      {{kPlatform}, {}, k48Bits, ""},
      // Rows of another backend that apply map it all the same.
      {{kPlatform, kPa}, {"toy", "vtd"}, k4GiB, ""},
      {{kPa}, {"toy"}, k4GiB, ""},
      {{}, {"toy"}, k4GiB, ""},
      // These are n/a.
      {{kPa, kPlatform},
       {"toy"},
       k4GiB,
       "ram_block[0].physical[0].hpa: the run ends at 0x10000ffff; format toy "
       "addresses host memory no further than 0xffffffff"},
  };
  for (const Case& c : cases) {
    const std::string text = absl::StrCat(
        "name: 's'\nsummary: 's'\n"
        "ram_block { name: 'r' hva { first: 0x100000 last: 0x10ffff } ",
        c.physical, " }\nregion { name: 'm' addr { first: 0 last: 0xffff } ",
        "ram_block: 'r' }\n", Axis("backend", c.backends),
        Axis("format", c.formats),
        "step { label: 'p' probe { iova { first: 0 last: 1 } } }\n");
    const auto loaded = LoadScenario("F", text);
    SCOPED_TRACE(text);
    if (*c.says == '\0') {
      EXPECT_TRUE(loaded.ok()) << loaded.status();
    } else {
      EXPECT_EQ(loaded.status().message(), absl::StrCat("F:3: ", c.says));
    }
  }
}

}  // namespace
}  // namespace iovalab
