using VmAppliance.Linux;

namespace VmAppliance.Tests;

/// <summary>Skips a test where it cannot run at all; <c>make test</c> and continuous integration run as root.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
sealed class RequiresRootAttribute() : SkipAttribute("only root can give files to others")
{
    public override Task<bool> ShouldSkip(TestRegisteredContext context) => Task.FromResult(Host.EffectiveUser != 0);
}
