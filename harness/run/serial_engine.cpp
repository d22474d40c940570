#include "run/serial_engine.h"

namespace isobatch {

void SerialEngine::reduce(const Window&) {
    if (replicas_.size() == 1) return;
    const auto ranks = static_cast<double>(replicas_.size());
    for (std::size_t p = 0; p < replicas_[0].parameters.size(); ++p) {
        at::Tensor sum = gradient_of(replicas_[0].parameters[p]).clone();
        for (std::size_t rank = 1; rank < replicas_.size(); ++rank) {
            const at::Tensor& part = replicas_[rank].parameters[p].grad();
            if (part.defined()) sum.add_(part);
        }
        sum.div_(ranks);
        for (Replica& replica : replicas_) {
            at::Tensor& own = replica.parameters[p].mutable_grad();
            if (own.defined())
                own.copy_(sum);
            else
                own = sum.clone();
        }
    }
}

}  // namespace isobatch
