#include "run/certificate.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <sstream>

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/abs.h>
#include <ATen/record_function.h>

#include "base/check.h"

namespace isobatch {

namespace {

using Inputs = torch::jit::Stack;

at::Tensor real(const Inputs& inputs, std::size_t at) {
    return inputs[at].toTensor();
}

/// How an operator sums.
struct Sums {
    /// Which of its inputs are multiplied with each other in each of its outputs.
    std::vector<std::vector<std::size_t>> products;
    /// An input that is added to the products of the first output.
    std::optional<std::size_t> added = std::nullopt;
    /// From the absolute values of its inputs, what no sum is larger than; none: the operator's own results, since it
    /// is linear in each of them.
    std::function<at::Tensor(const Inputs&)> bound = nullptr;
    /// Whether the other arguments leave it the sum that is bounded here; none: they cannot change it.
    std::function<bool(const Inputs&)> plain = nullptr;
};

const std::map<std::string, Sums>& sums() {
    static const std::map<std::string, Sums> table{
        {"aten::mm", {{{0, 1}}}},
        {"aten::bmm", {{{0, 1}}}},
        {"aten::addmm",
         {{{1, 2}},
          0,
          nullptr,
          [](const Inputs& in) { return in[3].toScalar().equal(1) && in[4].toScalar().equal(1); }}},
        {"aten::sum", {{{0}}}},
        {"aten::convolution", {{{0, 1}}, 2}},
        {"aten::convolution_backward", {{{0, 2}, {0, 1}, {0}}}},
        {"aten::max_pool2d_with_indices_backward", {{{0}}}},
        {"aten::embedding_dense_backward", {{{0}}, {}, nullptr, [](const Inputs& in) { return !in[4].toBool(); }}},
        // A sum without class weights.
        {"aten::nll_loss_forward",
         {{{0}}, {}, nullptr, [](const Inputs& in) { return in[2].isNone() && in[3].toInt() == at::Reduction::Sum; }}},
        // What is subtracted from each entry of a row is a sum over the row.
        {"aten::_softmax_backward_data",
         {{{0, 1}}, {}, [](const Inputs& in) { return real(in, 0).mul(real(in, 1)).sum(in[2].toInt()); }}},
        {"aten::_log_softmax_backward_data",
         {{{0}}, {}, [](const Inputs& in) { return real(in, 0).sum(in[2].toInt()); }}},
    };
    return table;
}

/// ATen's, by their names between spaces.
std::set<std::string> operators(const std::string& names) {
    std::set<std::string> operators;
    std::istringstream stream(names);
    for (std::string name; stream >> name;) operators.insert("aten::" + name);
    return operators;
}

/// The operators that move numbers, or compute each from a few: that their results fit is seen from the results. With
/// them the softmaxes, whose own sums are of powers that fit where the result does.
const std::set<std::string>& others() {
    static const std::set<std::string> names = operators(
        "_log_softmax _reshape_alias _softmax _to_copy _unsafe_view add add_ arange clamp_min clone div embedding "
        "expand gelu gelu_backward index_select masked_fill max_pool2d_with_indices "
        "mul nll_loss_backward ones ones_like slice slice_backward sub t "
        "threshold_backward transpose triu unsqueeze view");
    return names;
}

/// The operators that only call others, which are seen for themselves, and those that return no numbers yet: a GPU's
/// new memory is filled where bits have to repeat.
const std::set<std::string>& transparent() {
    static const std::set<std::string> names = operators(
        "_local_scalar_dense conv2d cross_entropy_loss detach embedding_backward empty fill_ item linear log_softmax "
        "matmul max_pool2d narrow nll_loss nll_loss_nd relu reshape resize_ softmax to");
    return names;
}

// Callbacks are plain functions. On a GPU the backward runs in a thread of its own, for which this one waits.
Certificate* watched = nullptr;
std::exception_ptr thrown;  ///< LibTorch swallows what a callback throws
int within = 0;             ///< how a sum is done inside is what does not matter

void widen(double bits, const std::string& name) {
    if (std::isnan(bits)) bits = std::numeric_limits<double>::infinity();
    if (bits <= watched->bits) return;
    watched->bits = bits;
    watched->widest = name;
}

void refuse(const std::string& name) {
    widen(std::numeric_limits<double>::infinity(), name);
}

bool is_real(const c10::IValue& value) {
    return value.isTensor() && value.toTensor().defined() && value.toTensor().is_floating_point();
}

/// The exponent of the lowest bit of a number that is not 0; for an infinity or NaN far above any.
int lowest_bit(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const auto exponent = static_cast<int>(bits >> 52 & 0x7ff);
    const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
    if (exponent == 0) return -1074 + std::countr_zero(fraction);
    return exponent - 1075 + std::countr_zero(fraction | std::uint64_t{1} << 52);
}

/// That sums up to a bound need; as many as there are where fp32 would overflow or lose bits below its range.
double bits_of(double bound, int quantum) {
    const bool in_range = bound < 0x1p127 && quantum >= -126;
    return in_range ? std::log2(bound) - quantum : std::numeric_limits<double>::infinity();
}

template <class Visit>
void for_each_entry(const at::Tensor& tensor, Visit visit) {
    const at::Tensor flat = tensor.to(at::kCPU, at::kDouble).contiguous();
    for (const double entry : std::span(flat.const_data_ptr<double>(), static_cast<std::size_t>(flat.numel())))
        visit(entry);
}

double largest(const at::Tensor& tensor) {
    return tensor.numel() == 0 ? 0 : tensor.abs().max().item<double>();
}

/// What one call will sum, over the quanta of what it multiplies.
void watch_sums(const at::RecordFunction& call, const Sums& rule) {
    const auto arguments = call.inputs();
    Inputs inputs(arguments.begin(), arguments.end());
    if (rule.plain && !rule.plain(inputs)) return refuse(call.name());
    std::vector<std::optional<int>> quanta;
    for (c10::IValue& value : inputs) {
        quanta.push_back(is_real(value) ? quantum_of(value.toTensor()) : std::nullopt);
        if (is_real(value)) value = value.toTensor().abs();
    }
    if (rule.bound)
        inputs = {rule.bound(inputs)};
    else
        c10::Dispatcher::singleton().findSchemaOrThrow(call.name(), call.overload_name()).callBoxed(&inputs);
    for (std::size_t out = 0; out < rule.products.size(); ++out) {
        if (!is_real(inputs[out])) continue;  // an output that nobody asked for
        int quantum = 0;
        for (const std::size_t factor : rule.products[out]) quantum += quanta[factor].value_or(0);
        if (rule.added) quantum = std::min(quantum, quanta[*rule.added].value_or(quantum));
        const double bound = largest(inputs[out].toTensor());
        if (bound > 0) widen(bits_of(bound, quantum), call.name());
    }
}

/// Of the graph, which only calls operators; theirs have a namespace.
bool is_node(const std::string& name) {
    return name.starts_with("autograd::engine::") || name.find("::") == std::string::npos;
}

void begins(const at::RecordFunction& call) {
    const std::string name = call.name();
    if (is_node(name)) return;
    if (transparent().contains(name) || within++ > 0) return;
    const auto sum = sums().find(name);
    if (sum != sums().end())
        watch_sums(call, sum->second);
    else if (!others().contains(name))
        refuse(name);
}

void ends(const at::RecordFunction& call) {
    const std::string name = call.name();
    if (is_node(name) || transparent().contains(name) || --within > 0) return;
    for (const c10::IValue& value : call.outputs()) {
        if (!is_real(value)) continue;
        if (value.toTensor().scalar_type() != at::kDouble) refuse(name);  // it left fp64
        for_each_entry(value.toTensor(), [&](double entry) {
            if (entry != 0) widen(bits_of(std::abs(entry), lowest_bit(entry)), call.name());
        });
    }
}

/// Runs one of them unseen itself.
template <void (*Watch)(const at::RecordFunction&)>
void guarded(const at::RecordFunction& call) {
    const at::DisableRecordFunctionGuard unseen;
    const at::NoGradGuard no_grad;
    try {
        if (!thrown) Watch(call);
    } catch (...) {
        thrown = std::current_exception();
    }
}

}  // namespace

std::optional<int> quantum_of(const at::Tensor& tensor) {
    std::optional<int> quantum;
    for_each_entry(tensor, [&](double entry) {
        if (entry != 0) quantum = std::min(quantum.value_or(lowest_bit(entry)), lowest_bit(entry));
    });
    return quantum;
}

Certificate certify(const std::function<void()>& pass) {
    ISOBATCH_CHECK(watched == nullptr, "one pass is watched at a time");
    Certificate certificate;
    watched = &certificate;
    const auto begin = [](const at::RecordFunction& call) {
        guarded<begins>(call);
        return std::unique_ptr<at::ObserverContext>();
    };
    const auto end = [](const at::RecordFunction& call, at::ObserverContext*) { guarded<ends>(call); };
    const at::CallbackHandle handle = at::addThreadLocalCallback(at::RecordFunctionCallback(begin, end)
                                                                     .needsInputs(true)
                                                                     .needsOutputs(true)
                                                                     .scopes({at::RecordScope::FUNCTION}));
    thrown = nullptr;
    within = 0;
    try {
        pass();
    } catch (...) {
        thrown = std::current_exception();
    }
    at::removeCallback(handle);
    watched = nullptr;
    if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
    return certificate;
}

}  // namespace isobatch
