#include "run/ranks.h"

#include "plan/exchange.h"
#include "run/buffers.h"
#include "run/device.h"
#include "run/held_bytes.h"
#include "run/loop.h"
#include "run/manifest_of.h"
#include "run/nccl.h"
#include "run/process_engine.h"
#include "run/resident.h"
#include "run/trajectory.h"
#include "run/twins.h"
#include "trace/read.h"
#include "trace/sink.h"

namespace isobatch {

const Ranks::Reference& Ranks::reference_in(const std::string& directory) {
    if (reference_ && reference_->directory == directory) return *reference_;
    Trace trace = read_trace(directory);
    Forcing forcing(trace);  // its views stay valid: moving a trace does not move what its tensors own
    std::string digest = content_digest(trace);
    reference_ = std::make_unique<const Reference>(
        Reference{directory, std::move(trace), std::move(forcing), std::move(digest)});
    return *reference_;
}

Setup Ranks::plan(const Job& job) const {
    if (job.rank && parse_exchange(job.trial.engine).backend == Exchange::Backend::nccl) {
        take_gpu(job.machine.rank, job.machine.ranks);  // first: it sets what NCCL reads
        require_nccl();
    }
    Setup setup = make_setup(job.trial);
    if (!job.trial.fault.empty()) plant_(job.trial.fault, setup);
    return setup;
}

std::string Ranks::run(const Setup& setup, const Job& job) {
    const Reference& reference = reference_in(job.reference);
    const std::int64_t trained = setup.trained_windows();
    RankSink sink(job.trace, *job.rank);
    const Exchange exchange = parse_exchange(job.trial.engine);
    const Groups groups =
        join({job.meeting, *job.rank, mesh_of(job.trial), job.deadline_s, exchange.backend, job.machine.address});
    std::vector<Parameter> parameters;
    std::vector<std::string> buffers;
    const auto run_one = [&](const Setup& one, TraceSink& to, Level level, const Forcing* forcing) {
        const at::Device device = device_of(one.trial.device);
        let_go_of_kept_memory(device);
        const Held before = held_now(device);
        forget_resident_peak();
        const MemoryBound bound(before, one.trial.memory);
        Replica replica = make_replica(*one.subject, job.trial, *job.rank, one.horizon());
        parameters = describe(replica);
        buffers = buffer_names(replica);
        ProcessEngine engine(std::move(replica), one.decisions, exchange, groups);
        Recorder recorder(to, one.data, level, forcing, nullptr, beats_, before);
        train(one, engine, recorder);
    };
    Twins twins = run_twins(setup, reference.forcing, [&](const Setup& twin) {
        MemorySink memory(groups.mesh.ranks());
        run_one(twin, memory, Level::grads, &reference.forcing);
        return memory.take();
    });
    FreeLosses free;
    if (job.trial.trajectory > 0) {
        MemorySink memory(groups.mesh.ranks());
        run_one(setup, memory, Level::losses, nullptr);
        free = losses_of(memory.take());
    }
    WithFreeLosses with_losses(sink, std::move(free));
    WithTwins with_twins(with_losses, std::move(twins));
    run_one(setup, with_twins, Level::grads, &reference.forcing);
    leave(groups);
    sink.end(manifest_of(setup, Level::grads, std::move(parameters), std::move(buffers), trained, reference.digest));
    return sink.manifest();
}

}  // namespace isobatch
