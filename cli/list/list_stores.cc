#include "cli/list/list_stores.h"

#include <string>

#include "cli/terminal/table.h"
#include "model/store/store_id.h"

namespace iovalab {

absl::Status ListStores(const Args&, Terminal& terminal) {
  Table table({{"store"}, {"level"}, {"key"}, {"target"}, {"what it is"}});
  for (size_t i = 0; i < static_cast<size_t>(StoreKind::kCount); ++i) {
    const StoreKindInfo& info = GetStoreKind(static_cast<StoreKind>(i));
    table.Add({{StoreId::ExampleOf(info.kind).Name(), Style::kCyan},
               {std::string(info.level)},
               {std::string(info.key)},
               {std::string(info.target)},
               {std::string(info.says)}});
  }
  terminal.Write(table.Render(terminal));
  return absl::OkStatus();
}

}  // namespace iovalab
