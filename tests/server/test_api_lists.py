"""Lists of people over the API and from a terminal: whole or not at all, and never a person's data in a mistake."""

from __future__ import annotations

from tests.server.conftest import CANARIES

STAFF = "姓名,角色,电话\n小李,front_desk,13800000001\n小赵,front_desk,13800000002\n小王,supervisor,\n老张,technician,\n陈经理,site_manager,\n"
UNITS = f"房号,客户,电话\n{CANARIES['unit']},{CANARIES['name']},{CANARIES['phone']}\n3-1102,李女士,13800000009\n"


def take(desk, text, name="list.csv"):
    return desk.call("POST", f"lists?name={name}", content=text.encode())


def people(house, scopes="people:write people:read ticket:read ticket:write"):
    return house.desk("小李", scopes=scopes, lakeside="front_desk")


def test_a_list_of_staff_becomes_the_roster_and_the_same_again_changes_nothing(house):
    first = take(people(house), STAFF + "新人,technician,13800000003\n")
    assert first.status_code == 200, first.text
    assert first.json()["come"] == ["新人"]
    assert house.daemon.engine.services["lakeside"].site.roster.knows("新人")
    again = take(people(house), STAFF + "新人,technician,13800000003\n")
    assert (again.json()["come"], again.json()["gone"]) == ([], [])
    without = take(people(house), STAFF)
    assert without.json()["gone"] == ["新人"]


def test_with_one_mistake_nothing_is_taken_and_no_mistake_quotes_a_person(house):
    roster = house.daemon.engine.services["lakeside"].site.roster
    bad = take(people(house), STAFF + f"{CANARIES['name']},nobody,{CANARIES['phone']}x\n")
    assert bad.status_code == 422
    codes = {one["code"] for one in bad.json()["mistakes"]}
    assert codes == {"P202", "P208"}
    assert not any(value in bad.text for value in CANARIES.values())
    assert house.daemon.engine.services["lakeside"].site.roster == roster


def test_a_unit_that_excel_made_a_date_is_a_mistake(house):
    for unit in ("2026-03-02", "3月2日", "2026/3/2"):
        bad = take(people(house), f"房号,客户,电话\n{unit},王女士,13800000001\n")
        assert [(one["code"], one["line"]) for one in bad.json()["mistakes"]] == [("P302", 2)]
        assert not bad.json()["more"]


def test_who_has_more_mistakes_than_are_named_is_told_so(house):
    bad = take(people(house), "房号,客户,电话\n" + "3-2,王女士,待补\n" * 300)
    assert (len(bad.json()["mistakes"]), bad.json()["more"]) == (200, True)


def test_a_customer_is_found_by_unit_or_number_with_his_tickets_and_each_look_is_logged(house):
    assert take(people(house), UNITS).json() == {"kind": "customers", "listed": 2, "come": [], "gone": []}
    ticket = house.desk("小李", lakeside="front_desk").ticket()
    found = people(house).get(f"customers?q={CANARIES['phone'][-6:]}").json()["customers"]
    assert [(one["unit"], one["name"]) for one in found] == [(CANARIES["unit"], CANARIES["name"])]
    assert ticket in found[0]["tickets"]
    entries = [record.entry for record in house.gate.log.records()]
    assert any(entry.action == "customer.find" and CANARIES["phone"][-6:] not in entry.object for entry in entries)


def test_a_household_has_its_file_of_contacts_and_earlier_tickets(house):
    """A05: one file per household. At intake the desk finds it by the unit or by the number that calls."""
    assert take(people(house), UNITS).status_code == 200
    desk = house.desk("小李", lakeside="front_desk")
    tickets = [desk.ticket(), desk.ticket()]
    for asked in (CANARIES["unit"], CANARIES["phone"]):
        (file,) = people(house).get("customers", params={"q": asked}).json()["customers"]
        assert (file["name"], file["phone"]) == (CANARIES["name"], CANARIES["phone"])
        assert set(tickets) <= set(file["tickets"])
    (other,) = people(house).get("customers?q=3-1102").json()["customers"]
    assert not set(tickets) & set(other["tickets"])


def test_who_may_not_see_personal_values_finds_no_customers(house):
    stranger = house.desk("过客", scopes="ticket:read ticket:write", lakeside="")
    assert stranger.get("customers?q=3-1102").status_code == 409
