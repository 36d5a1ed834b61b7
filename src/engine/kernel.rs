//! Instruction sets: the same arithmetic, compiled for what the machine has.
//!
//! Every kernel does the same operations in the same order, without fused multiply-add, so that all give
//! the same bits. The compiler vectorises over time.

/// Which compiled version of the same arithmetic runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// What every machine of the target has.
    Baseline,
    /// 256-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// Work that is compiled once for each kernel.
pub(super) trait Task {
    /// What it gives.
    type Output;

    /// Does it. To be `#[inline(always)]`, like all that it calls in its loops: what is not inlined is compiled
    /// for [`Kernel::Baseline`].
    fn perform(self) -> Self::Output;
}

impl Kernel {
    /// Those that this machine can run, the fastest last.
    pub fn available() -> Vec<Kernel> {
        #[allow(unused_mut)]
        let mut kernels = vec![Kernel::Baseline];
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            kernels.push(Kernel::Avx2);
            if std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512bw")
                && std::arch::is_x86_feature_detected!("avx512dq")
            {
                kernels.push(Kernel::Avx512);
            }
        }
        kernels
    }

    /// The wanted one if this machine can run it, else the fastest.
    pub(super) fn or_fastest(wanted: Option<Kernel>) -> Runnable {
        let available = Self::available();
        let fastest = available.last().copied().unwrap_or(Kernel::Baseline);
        Runnable(wanted.filter(|wanted| available.contains(wanted)).unwrap_or(fastest))
    }
}

/// A kernel that this machine can run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Runnable(Kernel);

impl Runnable {
    /// Does the task on the kernel.
    pub fn perform<T: Task>(self, task: T) -> T::Output {
        match self.0 {
            Kernel::Baseline => task.perform(),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernel::or_fastest` gives this kernel only where the machine has AVX2.
            Kernel::Avx2 => unsafe { perform_with_avx2(task) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the same for AVX-512.
            Kernel::Avx512 => unsafe { perform_with_avx512(task) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn perform_with_avx2<T: Task>(task: T) -> T::Output {
    task.perform()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq")]
fn perform_with_avx512<T: Task>(task: T) -> T::Output {
    task.perform()
}
