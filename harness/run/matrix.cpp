#include "run/matrix.h"

#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "plan/exchange.h"
#include "run/buffers.h"
#include "run/device.h"
#include "run/held_bytes.h"
#include "run/loop.h"
#include "run/manifest_of.h"
#include "run/resident.h"
#include "run/serial_engine.h"

namespace isobatch {

namespace {

void require_runnable(const Trial& trial) {
    if (parse_exchange(trial.engine).by_processes())
        throw Error(fmt::format("engine \"{}\" needs a process a rank", trial.engine), "--engine",
                    "run it through isobatch check, or choose serial");
}

Trace run_freely(const Setup& setup, const Recorder::Beats& beats) {
    return run_trial(setup, Level::losses, nullptr, std::nullopt, beats);
}

}  // namespace

Trace run_trial(const Setup& setup, Level level, const Forcing* forcing, std::optional<std::string> follows,
                Recorder::Beats beats, Twins twins, FreeLosses free_losses) {
    const at::Device device = device_of(setup.trial.device);
    let_go_of_kept_memory(device);
    const Held before = held_now(device);
    forget_resident_peak();
    const MemoryBound bound(before, setup.trial.memory);
    std::vector<Replica> replicas;
    const std::int64_t trained = setup.trained_windows();
    const Mesh mesh = mesh_of(setup.trial);
    for (int rank = 0; rank < mesh.ranks(); ++rank)
        replicas.push_back(make_replica(*setup.subject, setup.trial, rank, setup.horizon()));
    const std::vector<Parameter> parameters = describe(replicas[0]);
    const std::vector<std::string> buffers = buffer_names(replicas[0]);
    MemorySink sink(static_cast<int>(replicas.size()));
    SerialEngine engine(std::move(replicas), setup.decisions, mesh);
    WithFreeLosses with_losses(sink, std::move(free_losses));
    WithTwins with_twins(with_losses, std::move(twins));
    Recorder recorder(with_twins, setup.data, level, forcing, nullptr, std::move(beats), before);
    train(setup, engine, recorder);
    sink.end(manifest_of(setup, level, parameters, buffers, trained, std::move(follows)));
    return sink.take();
}

Matrix::Reference& Matrix::reference_for(const Trial& trial, Columns columns) {
    const Trial wanted = reference_of(trial, find_case(trial.subject).contract.couples_samples);
    if (reference_ && reference_->trial == wanted && reference_->columns >= columns) return *reference_;
    Trace trace = make_reference(wanted, columns, beats_);
    if (wanted.trajectory > 0)
        add_trusted_runs(trace, make_setup(wanted), [&](const Setup& one) { return run_freely(one, beats_); });
    Yardstick yardstick = yardstick_of(trace);
    Forcing forcing(trace);  // its views stay valid: moving a trace does not move what its tensors own
    auto reference = std::make_unique<Reference>(
        Reference{wanted, columns, std::move(trace), Examiner(std::move(yardstick)), std::move(forcing)});
    reference_ = std::move(reference);
    return *reference_;
}

std::string Matrix::write(Reference& reference, const Trace& candidate, const Trial& trial) const {
    const auto place = [&](const std::string& name) { return keep_.directory / "traces" / (name + ".trace"); };
    // A trial that is repeated replaces its trace, and the references of workers side by side are one and the same.
    const auto fresh = [&](const std::string& name, const Trace& trace) {
        const std::filesystem::path beside = fmt::format("{}.{}.part", place(name).string(), ::getpid());
        std::filesystem::remove_all(beside);
        write_trace(trace, beside);
        sync_directory(beside);
        replace_directory(beside, place(name));
    };
    if (!reference.written)
        fresh(reference_name(reference.trial, reference.columns == Columns::units), reference.trace);
    reference.written = true;
    fresh(file_name(trial), candidate);
    return "traces/" + file_name(trial) + ".trace";
}

void Matrix::write_reference(const Trial& trial, const std::filesystem::path& directory, bool by_units) {
    const Trace& trace = reference_for(trial, by_units ? Columns::units : Columns::samples).trace;
    std::filesystem::remove_all(directory);
    if (beats_) beats_({std::ssize(trace.ranks[0])});  // alive: a busy disk takes its time, and so did the yardstick
    write_trace(trace, directory);
}

Record Matrix::run(const Trial& trial) {
    require_runnable(trial);
    Setup setup = make_setup(trial);
    if (!trial.fault.empty()) plant_(trial.fault, setup);
    Reference& followed = reference_for(trial);
    const auto run_one = [&](const Setup& one, Twins twins, FreeLosses free) {
        return run_trial(one, Level::grads, &followed.forcing, followed.examiner.yardstick().digest, beats_,
                         std::move(twins), std::move(free));
    };
    Twins twins = run_twins(setup, followed.forcing, [&](const Setup& twin) { return run_one(twin, {}, {}); });
    FreeLosses free;
    if (trial.trajectory > 0) free = losses_of(run_freely(setup, beats_));
    const Trace candidate = run_one(setup, std::move(twins), std::move(free));

    const std::string repro = "isobatch check " + to_string(trial);
    Record record = followed.examiner.examine(candidate, repro);
    if (wants_units(record) && setup.data.score_only)
        record = reference_for(trial, Columns::units).examiner.examine(candidate, repro);
    const bool green = record.verdict.outcome <= Outcome::equivalent;
    if (!keep_.directory.empty() && (keep_.all || !green)) record.trace = write(*reference_, candidate, trial);
    return record;
}

}  // namespace isobatch
