using VmAppliance.SystemTests.Fixtures;

namespace VmAppliance.SystemTests.Maintenance;

/// <summary>The words of the command line are offered to bash.</summary>
sealed class CompletionTests
{
    // What bash does when the tab key is pressed at the end of a line.
    const string PressTab = """. "$0"; COMP_LINE=$2; COMP_POINT=${#COMP_LINE}; read -ra COMP_WORDS <<<"$COMP_LINE"; [[ $COMP_LINE != *' ' ]] || COMP_WORDS+=(''); COMP_WORDS[0]=$1; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _vmappliance; printf '%s\n' "${COMPREPLY[@]}" """;

    [ClassDataSource<TestNode>(Shared = SharedType.PerTestSession)]
    public required TestNode Session { get; init; }

    [Test]
    [Arguments("vmappliance m", "maintenance")]
    [Arguments("vmappliance maintenance re", "reap")]
    [Arguments("vmappliance maintenance image ", "import list remove")]
    [Arguments("vmappliance maintenance reap --d", "--dry-run")]
    [Arguments("vmappliance run --i", "--image")]
    public async Task CandidatesAreOffered(string line, string candidates)
    {
        var offered = await new Command("bash", "--norc", "-c", PressTab, Repository.At("packaging/completion/vmappliance"), Session.Standard.Binary, line).Require();

        foreach (var candidate in candidates.Split(' '))
            await Assert.That(offered.Split('\n')).Contains(candidate);
    }

    [Test]
    public async Task DirectiveAnswersOnePerLine()
    {
        var offered = await new Command(Session.Standard.Binary, "[suggest:24]", "vmappliance maintenance ").Run();

        await Assert.That(offered.Status).IsEqualTo(0);
        foreach (var verb in new[] { "config", "status", "reap", "check", "image" })
            await Assert.That(offered.Lines).Contains(verb);
    }
}
