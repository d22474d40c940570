#include <fmt/format.h>

#include "judge/judge.h"
#include "judge/step_losses.h"

namespace isobatch {

CheckResult check_loss(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    CheckResult result{.check = Check::loss};
    const Mesh mesh = candidate.manifest.mesh();
    for (std::size_t at = 0; at < alignment.window.size() * static_cast<std::size_t>(mesh.copies); ++at) {
        const std::size_t k = at / static_cast<std::size_t>(mesh.copies);
        const int copy = static_cast<int>(at % static_cast<std::size_t>(mesh.copies));
        const Place place{static_cast<std::int64_t>(k + 1), copy, "", -1};
        const std::optional<double> loss =
            mean_over_places(candidate, copy, k, [](const Step& step) { return step.loss; });
        if (copy == 0) result.losses.push_back({place.step, loss, std::nullopt, 0});
        if (!alignment.window[k]) continue;
        const WindowScale& window = yardstick.windows[*alignment.window[k]];
        if (!window.loss_truth) continue;
        const Tolerance tolerance = owed(window.loss_tolerance, same_bits(window, mesh));
        if (copy == 0) result.losses.back() = {place.step, loss, window.loss_truth, tolerance.allowed()};
        if (!loss) {  // never a silent pass
            note_step(result, Outcome::inconclusive, place,
                      fmt::format("the loss of window {} was not recorded on every rank", k + 1));
            continue;
        }
        fold_loss(result, place, *loss, *window.loss_truth, window.loss, tolerance, [&](double) {
            return fmt::format("window {} has loss {:.17g}, the truth is {:.17g}", k + 1, *loss, *window.loss_truth);
        });
    }
    return result;
}

}  // namespace isobatch
