using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class ProcessorTests
{
    [Test]
    public async Task It_is_described_by_the_name_that_the_kernel_tells()
    {
        var name = File.ReadLines("/proc/cpuinfo").First(l => l.StartsWith("model name", StringComparison.Ordinal)).Split(':', 2)[1].Trim();
        await Assert.That(Processor.Description()).StartsWith($"{name} ").And.EndsWith(" features");
        await Assert.That(Processor.Description()).IsEqualTo(Processor.Description());
    }
}
