"""What fails, what waits and what a person must mend; and that it goes on when it can."""

from support.story import Story, conditions


def test_credentials_that_are_refused_stall_until_the_secret_is_rotated(story: Story) -> None:
    story.given_directory()
    story.given_secrets("not the secret")
    story.configs.create(story.document())
    story.then_run("Failed")
    body = story.then_condition("Stalled", "True", "CredentialsInvalid")
    assert conditions(body)["TargetReady"]["status"] == "False"
    story.when_kept()
    story.given_secrets()
    story.when_looked_at()
    assert story.then_run("Succeeded")["spec"]["trigger"] == "SecretChanged"
    story.then_no_condition("Stalled")
    story.then_ready()


def test_a_secret_that_is_missing_is_named_and_waited_for(story: Story) -> None:
    story.given_directory()
    story.configs.create(story.document())
    body = story.then_condition("Stalled", "True", "SecretMissing")
    assert f"{story.name}-app" in conditions(body)["Ready"]["message"]
    story.given_secrets()
    story.when_looked_at()
    story.then_run("Succeeded")
    story.then_ready()


def test_an_endpoint_that_is_away_is_tried_again_until_it_is_back(story: Story) -> None:
    story.cloud.go_away()
    story.when_applied(retryInterval="10s")
    story.then_run("Failed")
    body = story.then_condition("TargetReady", "False")
    assert conditions(body)["Ready"]["status"] != "True"
    assert body["status"]["failures"] == 1
    story.cloud.come_back()
    story.when_kept()
    assert story.then_run("Succeeded")["spec"]["trigger"] == "Retried"
    assert story.then_ready()["status"]["failures"] == 0


def test_a_source_that_ends_early_takes_nobody_away(story: Story) -> None:
    story.when_applied()
    story.then_run("Succeeded")
    whole = story.directory.people
    story.directory.people = {1, 2}
    story.given_directory()  # the document still says how many there are
    story.when_requested()
    story.then_run()
    body = story.then_condition("SourcesReady", "False", "SourceIncomplete")
    assert conditions(body)["Ready"]["status"] == "False"
    assert story.cloud.users == 5
    story.directory.people = whole
    story.given_directory()
    story.when_requested()
    story.then_run("Succeeded")
    story.then_ready()


def test_a_typo_in_an_approval_holds_up_no_run(story: Story) -> None:
    story.when_applied()
    story.then_run("Succeeded")
    story.when_annotated(approve="not a digest")
    story.then_run("Succeeded")
    body = story.then_condition("RequestMisread", "True", "RequestMisread")
    assert conditions(body)["Ready"]["status"] == "True"


def test_a_source_that_is_down_takes_nobody_away(story: Story) -> None:
    story.when_applied()
    story.then_run("Succeeded")
    (source,) = story.document()["spec"]["sources"]
    away = {"servers": ["ldap://127.0.0.1:1"], "bind": {"secretRef": {"name": f"{story.name}-bind"}}}
    story.given_bind()
    story.when_edited(sources=[{**source, "ldif": None, "ldap": away}])
    story.then_run()
    body = story.then_condition("SourcesReady", "False", "SourceUnavailable")
    assert conditions(body)["Ready"]["status"] == "False"
    assert story.cloud.users == 5
    story.when_edited(sources=[source])
    story.then_run("Succeeded")
    story.then_ready()
