using VmAppliance.Linux;

namespace VmAppliance.Tests;

/// <summary>Skips a test where the kernel has no loop devices, or this is not root.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
sealed class RequiresLoopDevicesAttribute() : SkipAttribute("only root can make block devices of files, and the kernel must have the module loop")
{
    public override Task<bool> ShouldSkip(TestRegisteredContext context) => Task.FromResult(Host.EffectiveUser != 0 || !File.Exists("/dev/loop-control"));
}
