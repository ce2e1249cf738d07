using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Packaging;

/// <summary>What is shipped beside the program.</summary>
sealed class PackagingTests
{
    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    public async Task RpmInstallsAndIsSound()
    {
        var output = $"{Session.Directory}/rpm";

        var package = (await new Command(Repository.At("rpm/build.sh"), output).Require()).Trim();
        var check = await new Command(Repository.At("rpm/check.sh"), package).Run();

        await Assert.That(check.Lines.Where(l => !l.StartsWith("ok ", StringComparison.Ordinal))).IsEmpty().Because(check.ErrorText);
        await Assert.That(check.Lines.Length).IsGreaterThan(40);
        await Assert.That(check.Status).IsEqualTo(0);
    }

    [Test]
    public async Task SudoersFileIsValid() =>
        await Assert.That((await new Command("visudo", "-cf", Repository.At("packaging/sudoers.d/vmappliance")).Run()).Status).IsEqualTo(0);

    [Test]
    public async Task ShellScriptsAreSound()
    {
        var scripts = new[] { "packaging", "rpm", "tests" }.SelectMany(d => Directory.GetFiles(Repository.At(d), "*", SearchOption.AllDirectories))
            .Where(f => !f.Contains("/bin/", StringComparison.Ordinal) && !f.Contains("/obj/", StringComparison.Ordinal)).Where(IsShell).ToList();
        await Assert.That(scripts.Count).IsGreaterThan(10);

        var result = await new Command(["shellcheck", "--severity=warning", "--external-sources", "--source-path=SCRIPTDIR", .. scripts]).Run();

        await Assert.That(result.Text).IsEqualTo("");
    }

    [Test]
    [Arguments("vmappliance.8")]
    [Arguments("vmappliance.ini.5")]
    public async Task ManualsRenderWithoutAWarning(string page)
    {
        var path = Repository.At($"packaging/man/{page}");
        var warnings = await new Command("groff", "-mandoc", "-ww", "-z", "-Tutf8", path).Run();
        var text = await new Command("man", "--local-file", "--pager=cat", path).Require();

        await Assert.That(warnings.ErrorText).IsEqualTo("");
        await Assert.That(text).Contains("SYNOPSIS").Or.Contains("DESCRIPTION");
    }

    [Test]
    public async Task ManualKnowsEveryKeyOfTheConfiguration()
    {
        var keys = (await Session.With("keys", "image:x.cpus = 1", "queue:x.image = x").Maintenance("config").Require()).Split('\n')
            .Where(l => !l.StartsWith('#') && l.Contains(" = ", StringComparison.Ordinal) || l.EndsWith(" =", StringComparison.Ordinal)).Select(l => l.Split(' ')[0]).Distinct();
        var (manual, shipped) = (await File.ReadAllTextAsync(Repository.At("packaging/man/vmappliance.ini.5")), await File.ReadAllTextAsync(Repository.At("packaging/config/vmappliance.ini")));

        foreach (var key in keys)
            await Assert.That(manual.Contains(key, StringComparison.Ordinal) && shipped.Contains($";{key} =", StringComparison.Ordinal)).IsTrue().Because(key);
    }

    static bool IsShell(string path)
    {
        using var reader = new StreamReader(path);
        return reader.ReadLine() is { } first && first.StartsWith("#!", StringComparison.Ordinal) && first.EndsWith("sh", StringComparison.Ordinal);
    }
}
